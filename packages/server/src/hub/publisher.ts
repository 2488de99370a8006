import type { EventDefinition, From } from '@trunkline/protocol';
import { TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { Appended, Publication } from '../seams/broker.js';
import type { ServicePublication } from '../seams/gateway.js';
import type { Core } from './core.js';
import { eventNotice } from './event-notice.js';
import { checkData, type KindRules, withSender } from './event-rules.js';
import { ProvisionalOutbox } from './provisional-outbox.js';
import type { EphemeralMessage } from './room-messages.js';
import type { Rooms } from './rooms.js';

/** An event that passed the policy and is ready for one room. */
export interface Outgoing {
  readonly room: string;
  readonly event: string;
  readonly eventId: string;
  readonly from: From;
  readonly data: unknown;
  /** The idempotency key. */
  readonly key?: { readonly userId: string; readonly id: string };
  /** Whose rights count when it must wait; null: a service. */
  readonly principal: Principal | null;
  /** Told when the event was shown provisionally and waits for the broker. */
  onProvisional?(): void;
}
/** In the log, now or before. */
export type Taken = Appended & { readonly status: 'appended' | 'duplicate' };

const RETAIN_TTL_MS = 86_400_000;

/** From a checked event to the broker: the log for durable ones, fan-out for ephemeral ones. */
export class Publisher {
  readonly outbox: ProvisionalOutbox;

  constructor(
    private readonly core: Core,
    private readonly rooms: Rooms,
  ) {
    this.outbox = new ProvisionalOutbox(core);
  }

  /** Validates by the contract, with `sender` as a client's user; `kind` where the room is known. @throws {TrunklineError} `invalid_room`, `unknown_room_kind`, `unknown_event`, `invalid_data` */
  check(
    room: string,
    event: string,
    claimed: unknown,
    sender?: string,
    kind: KindRules = this.core.rules.kindOf(room),
  ): { readonly kind: KindRules; readonly definition: EventDefinition; readonly data: unknown } {
    const definition = this.core.rules.eventOf(kind, event);
    const data = sender === undefined ? claimed : withSender(definition, claimed, sender);
    checkData(definition.data, data);
    return { kind, definition, data };
  }

  /**
   * Appends to the room's log; the event reaches members through it. Calls for one room append in call order.
   *
   * @throws {TrunklineError} or rejects with: `id_conflict`, `unavailable`, `unknown_outcome`
   */
  append(outgoing: Outgoing, kind: KindRules): Taken | Promise<Taken> {
    const { room, event, eventId, from, data, key, principal } = outgoing;
    const { limits, broker } = this.core;
    const { definition } = kind;
    const publication: Publication = {
      room,
      event,
      eventId,
      from,
      data,
      timestamp: Date.now(),
      log: {
        size: definition.historySize ?? limits.historySize,
        ttlMs: definition.historyTtlMs ?? limits.historyTtlMs,
      },
      dedupeWindowMs: limits.dedupeWindowMs,
      minReplicas: definition.minReplicas ?? 0,
      key,
    };
    this.core.observer.published?.(kind.kind, true);
    const appended = this.#place(publication, kind, principal, outgoing, broker.status.state === 'connected');
    return appended instanceof Promise ? appended.then(taken) : taken(appended);
  }

  #place(
    publication: Publication,
    kind: KindRules,
    principal: Principal | null,
    outgoing: Outgoing,
    connected: boolean,
  ): Appended | Promise<Appended> {
    const provisional = kind.definition.whenDegraded === 'provisional';
    if (provisional && (!connected || this.outbox.holds(publication.room)))
      return this.#hold(publication, principal, outgoing);
    if (!connected)
      throw new TrunklineError('unavailable', 'The log can not be written just now; the same id may be sent again.', {
        retryAfterMs: 1_000,
      });
    const appended = this.core.broker.publish(publication);
    if (!provisional || !(appended instanceof Promise)) return appended;
    return appended.catch((error: unknown) => {
      const retry =
        error instanceof TrunklineError && (error.code === 'unavailable' || error.code === 'unknown_outcome');
      if (!retry) throw error;
      return this.#hold(publication, principal, outgoing);
    });
  }

  /** Shows the event to this node's members, marked provisional, and keeps it for the log. */
  #hold(publication: Publication, principal: Principal | null, outgoing: Outgoing): Appended | Promise<Appended> {
    const attached = this.outbox.attach(publication);
    if (attached !== null) {
      if (attached instanceof Promise) outgoing.onProvisional?.();
      return attached;
    }
    const appended = this.outbox.add(publication, principal);
    const { room, event, eventId, from, data, timestamp, key } = publication;
    const shown = { event, id: eventId, from, data, timestamp, provisional: true } as const;
    this.rooms.get(room)?.showProvisionally(eventNotice(room, shown), key?.id);
    outgoing.onProvisional?.();
    return appended;
  }

  /** Delivered now or not at all. */
  emit(
    outgoing: Outgoing,
    kind: KindRules,
    definition: EventDefinition,
    scope: ServicePublication['scope'] = 'all',
  ): void {
    const { room, event, eventId, from, data, key } = outgoing;
    const message: EphemeralMessage = {
      t: 'e',
      event,
      id: eventId,
      from,
      data,
      timestamp: Date.now(),
      ref: key?.id,
      except: definition.echo === 'others' && 'connectionId' in from ? from.connectionId : undefined,
    };
    this.core.observer.published?.(kind.kind, false);
    const retain = retention(definition, event, data);
    if (scope === 'all') {
      this.core.broker.emit(room, message, retain);
      return;
    }
    this.deliver(room, message);
    if (scope === 'local-kept' && retain) this.core.broker.emit(room, message, { ...retain, only: true });
  }

  /** An ephemeral event that came through the broker. */
  deliver(name: string, message: EphemeralMessage): void {
    const room = this.rooms.get(name);
    if (room === undefined) return;
    const definition = room.rules.events.get(message.event);
    room.fanOut(eventNotice(name, message), {
      durable: false,
      ref: message.ref,
      definition,
      except: message.except,
    });
  }
}

/** @throws {TrunklineError} `id_conflict` */
function taken(appended: Appended): Taken {
  if (appended.status !== 'conflict') return appended;
  throw new TrunklineError('id_conflict', 'This id was used for another payload; make a new id.', { path: 'id' });
}

function retention(
  definition: EventDefinition,
  event: string,
  data: unknown,
): { key: string; ttlMs: number } | undefined {
  if (definition.retain !== 'last') return undefined;
  const { conflateBy } = definition;
  const record = data as Readonly<Record<string, unknown>>;
  const value = typeof conflateBy === 'string' && Object.hasOwn(record, conflateBy) ? String(record[conflateBy]) : '';
  return { key: `${event}\n${value}`, ttlMs: RETAIN_TTL_MS };
}
