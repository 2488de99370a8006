import type { EventDefinition, GapReason, Position } from '@trunkline/protocol';
import type { LoggedEvent } from '../seams/broker.js';
import type { Encoder } from '../seams/link.js';
import type { EventNotice, Notice } from '../seams/notice.js';
import type { Grant } from '../seams/room-policy.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { eventNotice } from './event-notice.js';
import type { KindRules } from './event-rules.js';
import { RecentIds } from './recent-ids.js';
import { type FeedSink, NO_POSITION, RoomFeed } from './room-feed.js';

/**
 * `joining`: before its `joined`, sent nothing. `replaying`: reads the log until it meets the head; live durable events
 * are not for it yet. `live`: everything.
 */
export interface Membership {
  readonly connection: Connection;
  readonly room: HubRoom;
  grant: Grant;
  state: 'joining' | 'replaying' | 'live';
  /** Presence changes up to this version are in the snapshot it got. */
  presenceVersion: number;
  /** Changes heard while joining. */
  pendingPresence: (Notice & { readonly type: 'presence' })[] | null;
  /** Joined while the log could not be read: it was told no place, and is told when there is one. */
  blind: boolean;
  /** Replay may read further than this node has heard: live events up to here were delivered already. */
  deliveredOffset: number;
  /** The state its connection set last for this room. */
  presenceState: unknown;
}

/** A room on this node: its members, grouped by encoder so that each notice is encoded once, and its feed. */
export class HubRoom implements FeedSink {
  readonly feed: RoomFeed;
  /** The newest presence version told to members; -1 before anyone asked. */
  presenceVersion = -1;
  /** Joins under way: the room stays while there are any. */
  holds = 0;
  /** What those who are in this room alone are listed with. */
  readonly nameAlone: readonly string[];
  /** From the log, where the same event may come once more while the log is away. */
  #delivered: RecentIds | undefined;
  readonly #groups = new Map<Encoder<unknown>, Set<Membership>>();

  constructor(
    private readonly core: Core,
    readonly name: string,
    readonly rules: KindRules,
  ) {
    this.feed = new RoomFeed(name, core.broker, this);
    this.nameAlone = [name];
  }

  /** Members on this node. */
  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.size;
    return size;
  }

  *members(): Generator<Membership> {
    for (const group of this.#groups.values()) yield* group;
  }

  add(membership: Membership): void {
    const { encoder } = membership.connection.link;
    const group = this.#groups.get(encoder);
    if (group) group.add(membership);
    else this.#groups.set(encoder, new Set([membership]));
  }

  remove(membership: Membership): void {
    const { encoder } = membership.connection.link;
    const group = this.#groups.get(encoder);
    if (group?.delete(membership) && group.size === 0) this.#groups.delete(encoder);
  }

  deliver(event: LoggedEvent): void {
    if (this.rules.definition.whenDegraded === 'provisional') {
      this.#delivered ??= new RecentIds();
      this.#delivered.add(event.id);
    }
    this.fanOut(eventNotice(this.name, event), { durable: true, ref: event.ref });
  }

  /** An event that the log does not hold yet, marked provisional; not if the log gave it before. */
  showProvisionally(notice: EventNotice, ref: string | undefined): void {
    if (!this.#delivered?.has(notice.id)) this.fanOut(notice, { durable: false, ref });
  }

  gap(reason: GapReason, from: Position, position: Position): void {
    const notice: Notice = { type: 'gap', room: this.name, reason, from, position };
    if (from.epoch !== NO_POSITION.epoch) {
      this.core.observer.gap?.(reason);
      // Who is replaying reads the log itself, and finds out there.
      for (const membership of this.members()) {
        if (membership.state !== 'live') continue;
        membership.deliveredOffset = 0;
        membership.connection.tell(notice);
      }
      return;
    }
    for (const membership of this.members()) {
      if (!membership.blind) continue;
      membership.blind = false;
      membership.connection.tell(notice);
    }
  }

  repaired(): void {
    this.core.observer.brokerEvent?.('repaired');
  }

  /** A notice that is the same for every member, to those past their `joined`. */
  tellAll(notice: Notice): void {
    for (const [encoder, members] of this.#groups) {
      let frame: unknown;
      for (const { state, connection } of members) {
        if (state === 'joining') continue;
        frame ??= encoder.encode(notice);
        if (frame === null) break;
        connection.deliver(frame, false, undefined);
      }
    }
  }

  /** One event to every member it is for; encoded once an encoder, and once more for its sender, who is shown the `ref`. */
  fanOut(
    notice: EventNotice,
    options: {
      readonly durable: boolean;
      /** The publish id, for the sender's user only. */
      readonly ref?: string | undefined;
      readonly definition?: EventDefinition | undefined;
      readonly except?: string | undefined;
    },
  ): void {
    const { durable, definition, except, ref } = options;
    const offset = notice.offset ?? 0;
    const sender = 'userId' in notice.from ? notice.from.userId : null;
    const conflateKey =
      durable || definition?.conflateBy === undefined ? undefined : keyOf(notice, definition.conflateBy);
    let recipients = 0;
    for (const [encoder, members] of this.#groups) {
      let shared: unknown;
      let own: unknown;
      for (const { state, connection, deliveredOffset } of members) {
        if (durable ? state !== 'live' || offset <= deliveredOffset : state === 'joining') continue;
        if (connection.id === except) continue;
        if (!connection.showsAgain && (notice.provisional || connection.needsIds) && !connection.showsFirst(notice.id))
          continue;
        let frame: unknown;
        if (ref !== undefined && connection.principal.userId === sender) {
          own ??= encoder.encodeOwn?.(notice, ref) ?? encoder.encode(eventNotice(this.name, notice, ref));
          frame = own;
        } else {
          shared ??= encoder.encode(notice);
          frame = shared;
        }
        if (frame === null) break;
        recipients++;
        connection.deliver(frame, !durable, conflateKey);
      }
    }
    const { observer } = this.core;
    observer.delivered?.(this.rules.kind, recipients);
    if (durable) observer.deliveryDelay?.(Date.now() - notice.timestamp);
  }

  /** One presence step: told to members whose snapshot does not hold it already. */
  presenceChanged(notice: Notice & { readonly type: 'presence' }): void {
    for (const [encoder, members] of this.#groups) {
      let frame: unknown;
      for (const membership of members) {
        const { connection, state, grant, pendingPresence } = membership;
        if (!grant.presence) continue;
        if (state === 'joining' || pendingPresence !== null) {
          pendingPresence?.push(notice);
          continue;
        }
        if (notice.version <= membership.presenceVersion) continue;
        frame ??= encoder.encode(notice);
        if (frame === null) break;
        connection.deliver(frame, false, undefined);
      }
    }
  }
}

function keyOf(notice: EventNotice, conflateBy: string | true): string {
  if (conflateBy === true) return `${notice.room}\n${notice.event}`;
  const data = notice.data as Readonly<Record<string, unknown>>;
  return `${notice.room}\n${notice.event}\n${Object.hasOwn(data, conflateBy) ? String(data[conflateBy]) : ''}`;
}
