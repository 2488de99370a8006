import type { LeftReason, RefreshResult, RoomRequest } from '@trunkline/protocol';
import { parseRoomName, TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { RelationChange } from '../seams/directory.js';
import type { Grant } from '../seams/room-policy.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { Grants } from './grants.js';
import type { Membership } from './hub-room.js';
import type { Joining } from './joining.js';
import type { TokenRevocations } from './token-revocations.js';

/**
 * Keeps what connections may do true while they live (DESIGN, "Live authorisation"): relation changes, token refreshes
 * and a directory that went deaf all end or begin memberships here.
 */
export class LiveAuthorisation {
  #stopListening: (() => void) | undefined;
  /** Grants that may have changed and could not be read anew, since when, and what ends them. */
  readonly #unread = new Map<Membership, { readonly since: number; readonly reason: LeftReason }>();
  /** What lost rooms so, and gets them back. */
  readonly #bereft = new Set<Connection>();
  #isReading = false;

  constructor(
    private readonly core: Core,
    private readonly grants: Grants,
    private readonly joining: Joining,
    private readonly revocations: TokenRevocations,
  ) {}

  start(): void {
    this.#stopListening = this.core.directory.onChange((change) => {
      if (change === null) void this.recheckAll();
      else void this.#changed(change);
    });
  }

  close(): void {
    this.#stopListening?.();
  }

  /**
   * Joins what is missing of the automatic rooms, but what the client left itself. @returns those joined
   *
   * @throws {TrunklineError} the directory's, once the rooms that ask it nothing are joined
   */
  async autoJoin(connection: Connection): Promise<string[]> {
    if (!connection.options.autoJoin || connection.principal.anonymous) return [];
    const own = await this.#joinMissing(connection, this.#ownRooms(connection.principal));
    return [...own, ...(await this.#joinMissing(connection, await this.#relatedRooms(connection.principal)))];
  }

  #ownRooms({ userId }: Principal): string[] {
    const kinds = [...this.core.rules.kinds.values()].filter(({ definition }) => definition.autoJoin === 'self');
    return kinds.map(({ kind }) => `${kind}:${userId}`);
  }

  async #relatedRooms({ userId }: Principal): Promise<string[]> {
    const rooms: string[] = [];
    for (const { kind, definition } of this.core.rules.kinds.values()) {
      if (!definition.autoJoin || definition.autoJoin === 'self') continue;
      const relation = definition.autoJoin.slice('relation:'.length);
      rooms.push(...(await this.core.directory.objectsOf(userId, relation, kind)));
    }
    return rooms;
  }

  #joinMissing(connection: Connection, rooms: readonly string[]): Promise<string[]> {
    return this.#joinAll(
      connection,
      rooms.filter((room) => !connection.declined?.has(room)),
    );
  }

  /** A relation more: its object is joined where it makes a room automatic, left before or not. */
  async #gained(connection: Connection, { object, relation }: RelationChange): Promise<void> {
    const kind = this.core.rules.kinds.get(parseRoomName(object)?.kind ?? '');
    if (!connection.options.autoJoin || kind?.definition.autoJoin !== `relation:${relation}`) return;
    connection.declined?.delete(object);
    await this.#joinAll(connection, [object]);
  }

  /** Joins what `tick` took, as far as the client may. What can not be read yet stays for the next time. */
  async #rejoin(connection: Connection): Promise<void> {
    const { principal, stale = new Map<string, RoomRequest>() } = connection;
    for (const [room, request] of stale) {
      const grant = await this.core.policy.evaluate(principal, room);
      // The client may have left or joined it meanwhile.
      if (!stale.delete(room) || !grant.join) continue;
      try {
        await this.joining.join(connection, request, grant);
      } catch (error) {
        stale.set(room, request);
        throw error;
      }
    }
  }

  async #joinAll(connection: Connection, rooms: readonly string[]): Promise<string[]> {
    const joined: string[] = [];
    for (const room of rooms) {
      if (connection.memberships.has(room)) continue;
      const grant = await this.core.policy.evaluate(connection.principal, room).catch(() => null);
      if (!grant?.join) continue;
      await this.joining.join(connection, { room }, grant);
      joined.push(room);
    }
    return joined;
  }

  /**
   * A new token in place: never another subject; rooms lost are left, gained ones joined, presence is untouched.
   *
   * @throws {TrunklineError} `unauthenticated`, `token_expired`, `token_revoked`, `subject_changed`
   */
  async refresh(connection: Connection, token: string): Promise<RefreshResult> {
    const principal = await this.core.authenticator.authenticate(token);
    this.revocations.check(principal);
    if (principal.userId !== connection.principal.userId) {
      setImmediate(() => connection.close(4503, 'subject_changed'));
      throw new TrunklineError('subject_changed', 'A refresh may not change who you are; connect anew.');
    }
    const claimed = principal.rooms.filter((room) => !connection.principal.rooms.includes(room));
    connection.principal = principal;
    connection.expiringTold = false;
    this.grants.forget(connection);
    const left = await this.#recheck(connection, 'token_refreshed');
    const joined = [...(await this.#joinAll(connection, claimed)), ...(await this.autoJoin(connection))];
    return { expiresAt: principal.expiresAt, joined, left };
  }

  /** Every membership of every connection, after a time in which changes may have been missed. */
  async recheckAll(): Promise<void> {
    for (const connection of [...this.core.connections.byId.values()]) {
      this.grants.forget(connection);
      await this.#recheck(connection, 'relation_removed').catch(this.#later);
      await this.#rejoin(connection).catch(this.#later);
      await this.autoJoin(connection).catch(this.#later);
    }
  }

  /** Ends what nobody could tell for too long, and asks again until then. Called by the shared timer. */
  tick(): void {
    const { connections, directory, limits } = this.core;
    const isDeaf = directory.deafForMs() > limits.authorisationStaleMs;
    for (const connection of isDeaf ? connections.byId.values() : []) {
      for (const membership of connection.memberships.all()) if (membership.grant.relational) this.#drop(membership);
    }
    for (const [membership, { since }] of this.#unread) {
      if (!isCurrent(membership)) this.#unread.delete(membership);
      else if (performance.now() - since > limits.authorisationStaleMs) this.#drop(membership);
    }
    if (!isDeaf && !this.#isReading && this.#unread.size + this.#bereft.size > 0) void this.#readAgain();
  }

  #drop(membership: Membership): void {
    const { connection, room } = membership;
    if (this.#unread.delete(membership) && connection.options.rejoin) this.#bereft.add(connection);
    if (connection.options.rejoin) {
      connection.stale ??= new Map();
      connection.stale.set(room.name, placeOf(membership));
    }
    this.#end(membership, 'authorisation_stale', true);
  }

  async #readAgain(): Promise<void> {
    this.#isReading = true;
    for (const [membership, { reason }] of [...this.#unread])
      if (isCurrent(membership)) await this.#renew(membership, reason).catch(this.#later);
    for (const connection of [...this.#bereft]) {
      if (connection.isOpen) await this.#rejoin(connection).catch(this.#later);
      if (!connection.isOpen || !connection.stale?.size) this.#bereft.delete(connection);
    }
    this.#isReading = false;
  }

  async #changed(change: RelationChange): Promise<void> {
    for (const connection of [...this.core.connections.ofUser(change.user)]) {
      this.grants.forget(connection, change.object);
      const { object, relation, present, user } = change;
      connection.tell({ type: 'relation', object, relation, present, userId: user, timestamp: Date.now() });
      const membership = connection.memberships.get(object);
      try {
        if (membership) await this.#renew(membership, 'relation_removed');
        else if (present) await this.#gained(connection, change);
      } catch (error) {
        this.#later(error);
      }
    }
  }

  async #recheck(connection: Connection, reason: LeftReason): Promise<string[]> {
    const left: string[] = [];
    for (const membership of connection.memberships.all()) {
      if (!(await this.#renew(membership, reason))) left.push(membership.room.name);
    }
    return left;
  }

  /** Takes a fresh grant. @returns false when it ended the membership */
  async #renew(membership: Membership, reason: LeftReason): Promise<boolean> {
    const { connection, room } = membership;
    let grant: Grant;
    try {
      grant = await this.core.policy.evaluate(connection.principal, room.name);
    } catch (error) {
      // Grants already held stay while the directory is away; the timer asks again, and ends them in time.
      if (!this.#unread.has(membership)) this.#unread.set(membership, { since: performance.now(), reason });
      this.#later(error);
      return true;
    }
    this.#unread.delete(membership);
    if (!isCurrent(membership)) return true;
    membership.grant = grant;
    if (grant.join) return true;
    this.#end(membership, reason, false);
    return false;
  }

  #end(membership: Membership, reason: LeftReason, retryable: boolean): void {
    const { connection, room } = membership;
    this.joining.leave(membership, true);
    connection.tell({ type: 'left', room: room.name, reason, retryable, timestamp: Date.now() });
  }

  readonly #later = (error: unknown): void => {
    this.core.logger.debug({ err: error }, 'rights could not be read; grants already held stay for now');
  };
}

function isCurrent(membership: Membership): boolean {
  const { connection, room } = membership;
  return connection.isOpen && connection.memberships.get(room.name) === membership;
}

/** Where a join goes on from; at the head for who was still catching up, or never had a place. */
function placeOf({ room, state, blind }: Membership): RoomRequest {
  return state === 'live' && !blind ? { room: room.name, position: room.feed.position } : { room: room.name };
}
