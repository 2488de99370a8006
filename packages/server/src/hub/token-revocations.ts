import { type CloseCode, TrunklineError } from '@trunkline/protocol';
import { createRevocations } from '../auth/revocations.js';
import type { Principal } from '../seams/authenticator.js';
import type { SessionEnd } from '../seams/revocation-store.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { Spread } from './hub-api.js';
import type { Signal } from './signals.js';

/** Clocks of nodes may differ by so much; what opened later than that after a disconnect came back and stays. */
const CLOCK_TOLERANCE_MS = 5_000;
const REMEMBERED_DISCONNECTS = 10_000;
const REMEMBERED_SESSIONS = 10_000;

/** What ends sessions, whichever node was told: the tokens that are refused from now on, and users' connections. */
export class TokenRevocations {
  readonly #revoked = createRevocations();
  /** The same disconnect is heard from the signal and from the store. */
  readonly #disconnected = new Map<string, number>();
  /** Sessions that were open when they were ended, on any node: their names are not taken up again. */
  readonly #ended = new Set<string>();

  constructor(private readonly core: Core) {}

  start(): Promise<void> {
    return this.core.revocations.start((end) => this.apply(end));
  }

  /** @throws {TrunklineError} `token_revoked` */
  check(principal: Principal): void {
    if (this.#revoked.isRevoked(principal))
      throw new TrunklineError('token_revoked', 'This token was revoked; sign in again.');
  }

  enforce(connection: Connection): void {
    if (this.#revoked.isRevoked(connection.principal)) this.#close(connection, 4102, 'token_revoked');
  }

  hasEnded(sessionId: string): boolean {
    return this.#ended.has(sessionId);
  }

  /** A session was ended, here or on another node. */
  ended(sessionId: string): void {
    this.#ended.add(sessionId);
    if (this.#ended.size > REMEMBERED_SESSIONS) this.#ended.delete(this.#ended.values().next().value ?? '');
  }

  /** Here at once, and on every other node. */
  async spread(end: SessionEnd): Promise<Spread> {
    this.apply(end);
    return { recorded: await this.core.revocations.add(end) };
  }

  apply(end: SessionEnd): void {
    if (end.type === 'disconnect') {
      this.#disconnect(end.userId, end.at);
      return;
    }
    const { revocation } = end;
    if (!this.#revoked.add(revocation))
      this.core.logger.warn({}, 'the oldest token revocations were forgotten to make room');
    const { byId } = this.core.connections;
    const concerned = 'userId' in revocation ? this.core.connections.ofUser(revocation.userId) : byId.values();
    for (const connection of [...concerned]) this.enforce(connection);
  }

  #disconnect(userId: string, at: number): void {
    if ((this.#disconnected.get(userId) ?? 0) >= at) return;
    this.#disconnected.delete(userId);
    this.#disconnected.set(userId, at);
    if (this.#disconnected.size > REMEMBERED_DISCONNECTS)
      this.#disconnected.delete(this.#disconnected.keys().next().value ?? '');
    for (const connection of [...this.core.connections.ofUser(userId)])
      if (connection.connectedAt <= at + CLOCK_TOLERANCE_MS) this.#close(connection, 4502, 'disconnected');
  }

  #close(connection: Connection, code: CloseCode, reason: string): void {
    const { sessionId } = connection;
    this.ended(sessionId);
    this.core.broker.signal('all', { t: 'ended', sessionId } satisfies Signal);
    connection.close(code, reason);
  }
}
