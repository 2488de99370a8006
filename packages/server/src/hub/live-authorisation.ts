import type { LeftReason, RefreshResult } from '@trunkline/protocol';
import { TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { RelationChange } from '../seams/directory.js';
import type { Grant } from '../seams/room-policy.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { Grants } from './grants.js';
import type { Membership } from './hub-room.js';
import type { Joining } from './joining.js';
import type { OwnRooms } from './own-rooms.js';
import type { TokenRevocations } from './token-revocations.js';

/**
 * Keeps what connections may do true while they live (DESIGN, "Live authorisation"): relation changes, token refreshes
 * and a directory that went deaf all end or begin memberships here.
 */
export class LiveAuthorisation {
  #stopListening: (() => void) | undefined;
  /** Grants that may have changed and could not be read anew, since when, and what ends them. */
  readonly #unread = new Map<Membership, { readonly since: number; readonly reason: LeftReason }>();
  #isAsking = false;

  constructor(
    private readonly core: Core,
    private readonly grants: Grants,
    private readonly joining: Joining,
    private readonly ownRooms: OwnRooms,
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
    connection.expiringFrom = halfLife(principal);
    this.grants.forget(connection);
    const left = await this.#recheck(connection, 'token_refreshed');
    const { ownRooms } = this;
    const joined = [...(await ownRooms.joinAll(connection, claimed)), ...(await ownRooms.join(connection))];
    return { expiresAt: principal.expiresAt, joined, left };
  }

  /** Every membership of every connection, after a time in which changes may have been missed. */
  async recheckAll(): Promise<void> {
    for (const connection of [...this.core.connections.byId.values()]) {
      this.grants.forget(connection);
      await this.#recheck(connection, 'relation_removed');
      await this.ownRooms.restore(connection);
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
    if (isDeaf || this.#isAsking) return;
    this.#isAsking = true;
    void this.#askAgain().finally(() => {
      this.#isAsking = false;
    });
  }

  #drop(membership: Membership): void {
    this.#unread.delete(membership);
    this.ownRooms.willLose(membership);
    this.#end(membership, 'authorisation_stale', true);
  }

  async #askAgain(): Promise<void> {
    for (const [membership, { reason }] of [...this.#unread]) {
      if (isCurrent(membership)) await this.#renew(membership, reason);
      // Most likely no other can be read either.
      if (this.#unread.has(membership)) break;
    }
    await this.ownRooms.restoreLacking();
  }

  async #changed(change: RelationChange): Promise<void> {
    for (const connection of [...this.core.connections.ofUser(change.user)]) {
      this.grants.forget(connection, change.object);
      const { object, relation, present, user } = change;
      connection.tell({ type: 'relation', object, relation, present, userId: user, timestamp: Date.now() });
      const membership = connection.memberships.get(object);
      try {
        if (membership) await this.#renew(membership, 'relation_removed');
        else if (present) await this.ownRooms.gained(connection, change);
      } catch (error) {
        this.core.logger.debug({ err: error }, 'a change of rights could not be followed');
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
      this.core.logger.debug({ err: error }, 'rights could not be read; grants already held stay for now');
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
}

/** Who was given a short token, or the old one again, would else be told at once, and ask again at once. */
function halfLife({ expiresAt }: Principal): number {
  return expiresAt === null ? 0 : (Date.now() + expiresAt) / 2;
}

function isCurrent(membership: Membership): boolean {
  const { connection, room } = membership;
  return connection.isOpen && connection.memberships.get(room.name) === membership;
}
