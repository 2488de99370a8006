import type { PresenceSnapshot, RoomRequest } from '@trunkline/protocol';
import { TrunklineError } from '@trunkline/protocol';
import type { EventNotice, Notice } from '../seams/notice.js';
import type { Grant } from '../seams/room-policy.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { eventNotice } from './event-notice.js';
import type { HubRoom, Membership } from './hub-room.js';
import { findStart, type Start } from './join-start.js';
import type { PresenceService } from './presence-service.js';
import { PUSHED_MEMBERS } from './receipts.js';
import { replay } from './replay.js';
import { NO_POSITION } from './room-feed.js';
import { readRoomMessage } from './room-messages.js';
import type { Rooms } from './rooms.js';

/** What a joiner is shown besides the log. */
interface Shown {
  readonly snapshot: PresenceSnapshot | undefined;
  readonly isFirst: boolean;
  readonly retained: readonly Notice[];
  readonly ref: string | undefined;
}

/** A grant, and how often the connection's rights had changed when it was asked for. */
interface AskedGrant {
  readonly grant: Grant;
  readonly rightsChanges: number;
}

export class Joining {
  constructor(
    private readonly core: Core,
    private readonly rooms: Rooms,
    private readonly presence: PresenceService,
  ) {}

  /** The grant that {@link join} takes. @throws {TrunklineError} as `RoomPolicy.evaluate` */
  async ask(connection: Connection, room: string): Promise<AskedGrant> {
    const { principal, rightsChanges } = connection;
    return { grant: await this.core.policy.evaluate(principal, room), rightsChanges };
  }

  /**
   * Makes a connection a member: subscribed, present, `joined` with its snapshot, then missed events, then live ones.
   * Who is a member already and asks for no place stays one meanwhile: nothing would bring it what it misses.
   * Resolves once `joined` is sent, false when the right to it went meanwhile; the replay goes on by itself.
   *
   * @throws {TrunklineError} `too_many_rooms`, `unavailable`
   */
  async join(connection: Connection, request: RoomRequest, asked: AskedGrant, ref?: string): Promise<boolean> {
    const { memberships } = connection;
    const room = await this.#acquire(connection, request.room);
    const current = memberships.get(room.name);
    const stays = current?.state === 'live' && request.position === undefined && !request.rewind;
    const membership = stays ? current : newMembership(connection, room, asked.grant);
    try {
      if (!connection.isOpen) return true;
      if (!stays) {
        if (current) room.remove(current);
        room.add(membership);
        memberships.add(membership);
      }
      // Changes find members only: of those before this was one, nobody told it.
      const isFresh = asked.rightsChanges === connection.rightsChanges;
      const grant = isFresh ? asked.grant : (await this.ask(connection, room.name)).grant;
      if (!connection.isOpen || memberships.get(room.name) !== membership) return true;
      if (!grant.join) {
        if (!stays) this.leave(membership, true);
        return false;
      }
      membership.grant = grant;
      // From here on changes wait for the snapshot.
      membership.pendingPresence = grant.presence ? [] : null;
      connection.stale?.delete(room.name);
      const present = await this.#present(membership);
      const start = await findStart(this.core, room, request);
      const retained = [...(await this.#retained(room)), ...(await this.#receipts(room))];
      if (!connection.isOpen || memberships.get(room.name) !== membership) return true;
      this.#welcome(membership, start, { ...present, retained, ref });
      return true;
    } catch (error) {
      if (stays) tellPresence(membership);
      else if (memberships.get(room.name) === membership) this.leave(membership, true);
      throw error;
    } finally {
      this.rooms.release(room);
    }
  }

  /** Joins under way count too: several may come at once. */
  async #acquire(connection: Connection, name: string): Promise<HubRoom> {
    const { roomsPerConnection } = this.core.limits;
    if (connection.memberships.has(name)) return this.rooms.acquire(name);
    if (connection.memberships.size + connection.joining >= roomsPerConnection)
      throw new TrunklineError('too_many_rooms', `A connection may join ${roomsPerConnection} rooms.`, {
        path: 'room',
      });
    connection.joining += 1;
    try {
      return await this.rooms.acquire(name);
    } finally {
      connection.joining -= 1;
    }
  }

  leave(membership: Membership, clean: boolean): void {
    const { connection } = membership;
    this.presence.exit(connection, membership.room, clean);
    this.rooms.remove(membership);
    // Whoever ended the membership; one whose peer is gone leaves the roster as a whole.
    if (connection.isOpen) this.core.roster.set(rosterEntry(this.core, connection));
  }

  async #present(membership: Membership): Promise<Pick<Shown, 'snapshot' | 'isFirst'>> {
    let isFirst = true;
    try {
      isFirst = await this.presence.enter(membership);
      return {
        isFirst,
        snapshot: membership.grant.presence ? await this.presence.snapshot(membership.room) : undefined,
      };
    } catch (error) {
      // Joined without a snapshot; the presence service tells it whole when its store is back.
      this.core.logger.debug({ err: error }, 'joined without presence');
      return { isFirst, snapshot: undefined };
    }
  }

  /** From here to the end without waiting: nothing may come between the snapshot and what follows it. */
  #welcome(membership: Membership, start: Start, shown: Shown): void {
    const { connection, room } = membership;
    const { isFirst, snapshot, retained, ref } = shown;
    const position = start.position ?? room.feed.position;
    const missed = start.page === null ? 0 : start.page.head.offset - position.offset;
    membership.presenceVersion = snapshot?.version ?? 0;
    membership.blind = position === NO_POSITION;
    membership.state = missed > 0 || position.offset !== room.feed.position.offset ? 'replaying' : 'live';
    connection.tell({
      type: 'joined',
      room: room.name,
      position,
      recovered: start.recovered,
      missed,
      timestamp: Date.now(),
      ...(ref === undefined ? {} : { ref }),
      ...(start.reason === undefined ? {} : { reason: start.reason }),
      ...(snapshot === undefined ? {} : { presence: snapshot }),
      ...(isFirst ? { first: true } : {}),
    });
    tellPresence(membership);
    const tellRetained = () => {
      for (const notice of retained) connection.tell(notice);
    };
    if (membership.state === 'live') tellRetained();
    else
      void replay(this.core, membership, position, start.page)
        .then(tellRetained)
        .catch((error: unknown) => {
          // A defect costs this connection, never the process.
          this.core.logger.error({ err: error }, 'a replay failed');
          connection.close(1011, 'internal');
        });
    this.core.roster.set(rosterEntry(this.core, connection));
  }

  /** Where everybody has read to, for rooms that are pushed receipts. */
  async #receipts({ name, rules, feed, size }: HubRoom): Promise<Notice[]> {
    if (!rules.definition.receipts || size > PUSHED_MEMBERS) return [];
    const { epoch } = feed.position;
    try {
      const cursors = await this.core.ledger.cursors(name, epoch);
      return cursors.length === 0 ? [] : [{ type: 'receipt', room: name, epoch, cursors }];
    } catch (error) {
      this.core.logger.debug({ err: error }, 'joined without receipts');
      return [];
    }
  }

  async #retained(room: HubRoom): Promise<EventNotice[]> {
    if (![...room.rules.events.values()].some((event) => event.retain === 'last')) return [];
    const messages = (await this.core.broker.retained(room.name)).map(readRoomMessage);
    return messages.flatMap((message) => (message?.t === 'e' ? [eventNotice(room.name, message)] : []));
  }
}

function newMembership(connection: Connection, room: HubRoom, grant: Grant): Membership {
  return {
    connection,
    room,
    grant,
    state: 'joining',
    presenceVersion: 0,
    pendingPresence: null,
    blind: false,
    deliveredOffset: 0,
    presenceState: connection.presenceState,
  };
}

/** What waited for the snapshot and is newer. */
function tellPresence(membership: Membership): void {
  for (const notice of membership.pendingPresence ?? [])
    if (notice.version > membership.presenceVersion) membership.connection.tell(notice);
  membership.pendingPresence = null;
}

/** A connection as the roster shows it. */
export function rosterEntry(core: Core, connection: Connection) {
  return {
    connectionId: connection.id,
    nodeId: core.broker.nodeId,
    userId: connection.principal.userId,
    dialect: connection.options.dialect,
    connectedAt: connection.connectedAt,
    rooms: connection.memberships.names(),
  };
}
