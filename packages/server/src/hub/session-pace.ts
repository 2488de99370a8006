import { TrunklineError } from '@trunkline/protocol';
import type { Command } from '../seams/session.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { Misbehaviour } from './misbehaviour.js';
import type { Offences } from './offences.js';
import type { TokenBucket } from './token-bucket.js';
import { createRefreshBucket, type UserBucket, type UserBuckets } from './user-buckets.js';

/** So many refusals within ten seconds close a connection, or the burst ten times where that is less; of one that was away before a fifth of it. */
const MOST_REFUSALS = 500;
const BURSTS_REFUSED = 10;
const SHARE_AFTER_ABSENCE = 5;
/** So many of them cost nothing. Each further one takes from the rate: who goes on flooding is served nothing at all. */
const FREE_REFUSALS = 100;
const REFUSAL_COST = 20;

export interface PaceParts {
  readonly core: Core;
  readonly userBuckets: UserBuckets;
}

/** How fast one connection may speak: by its own rate and its user's, and what comes of it when it does not keep to them. */
export class SessionPace {
  readonly #parts: PaceParts;
  readonly #connection: Connection;
  #userBucket: UserBucket | undefined;
  #refreshes: TokenBucket | undefined;
  #limited: Misbehaviour | undefined;
  #lastRefusal: TrunklineError | undefined;

  constructor(parts: PaceParts, connection: Connection) {
    this.#parts = parts;
    this.#connection = connection;
    this.#userBucket = parts.userBuckets.known(connection.principal.userId);
    if (this.#offences?.hasBeenAway) connection.spendBurst();
  }

  /** A user that was refused of late is read in turns from its first frame on. */
  get isAhead(): boolean {
    return this.#connection.isAhead || this.#offences !== undefined;
  }

  restMs(): number {
    return this.#offences?.restMs(performance.now()) ?? 0;
  }

  /** Nothing is refused, but a flood of them is one. */
  pong(): void {
    if (this.#isExempt) return;
    const now = performance.now();
    if (this.#connection.bucket.take(now) > 0) this.#offend(now);
  }

  /** One command more. @returns why it comes too soon, or null */
  take(type: Command['type']): TrunklineError | null {
    if (this.#isExempt) return null;
    const now = performance.now();
    const [own, shared] = this.#buckets(type);
    const ownMs = own.take(now);
    const sharedMs = ownMs === 0 ? shared.take(now) : 0;
    if (ownMs === 0 && sharedMs === 0) return null;
    this.#parts.core.observer.limited?.(ownMs === 0 ? 'messages_per_user' : 'messages');
    this.#offend(now);
    if (this.#offences?.hasBeenAway || (this.#limited?.count ?? 0) > FREE_REFUSALS) own.debit(REFUSAL_COST);
    const retryAfterMs = Math.max(own.waitMs(now), sharedMs);
    // Its stack costs more than the rest of a refusal, and those of one turn are alike.
    if (this.#lastRefusal?.retryAfterMs !== retryAfterMs) {
      const message = `At most ${this.#parts.core.limits.messagesPerSecond} messages a second.`;
      this.#lastRefusal = new TrunklineError('rate_limited', message, { retryAfterMs });
    }
    return this.#lastRefusal;
  }

  get #isExempt(): boolean {
    return this.#connection.principal.roles.includes('service');
  }

  get #offences(): Offences | undefined {
    return this.#userBucket?.offences;
  }

  /** The connection's, and its user's. */
  #buckets(type: Command['type']): readonly [TokenBucket, TokenBucket] {
    const user = this.#ofUser();
    if (type !== 'refresh') return [this.#connection.bucket, user.messages];
    this.#refreshes ??= createRefreshBucket(this.#parts.core.limits);
    return [this.#refreshes, user.refreshes];
  }

  #ofUser(): UserBucket {
    this.#userBucket ??= this.#parts.userBuckets.of(this.#connection.principal.userId);
    return this.#userBucket;
  }

  /** Who has been sent away is so again after fewer. */
  #offend(now: number): void {
    const { messageBurst } = this.#parts.core.limits;
    const offences = this.#ofUser().offend(now);
    const bound = Math.min(BURSTS_REFUSED * messageBurst, MOST_REFUSALS);
    this.#limited ??= new Misbehaviour(offences.hasBeenAway ? Math.ceil(bound / SHARE_AFTER_ABSENCE) : bound);
    if (!this.#limited.add(now) || !this.#connection.isOpen) return;
    this.#connection.announceEnd(4003, 'rate_limited', offences.sendAway(now));
    this.#connection.close(4003, 'rate_limited');
  }
}
