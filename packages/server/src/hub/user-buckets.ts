import type { Core } from './core.js';
import type { HubLimits } from './hub-api.js';
import { TokenBucket } from './token-bucket.js';

/** What all connections of one user may send together, in shares of one connection. */
const SHARES = 5;
/** A refresh asks for every right anew: there may be so many fewer of them than of messages, yet never none. */
const REFRESH_COST = 20;
const LEAST_REFRESHES = { perSecond: 1, burst: 5 };
const SWEPT_FROM = 10_000;

/** Refreshes have a bucket of their own, so that a client which sends as much as it may can still renew its token. */
export function createRefreshBucket({ messagesPerSecond, messageBurst }: HubLimits, shares = 1): TokenBucket {
  const perSecond = Math.max(LEAST_REFRESHES.perSecond, messagesPerSecond / REFRESH_COST);
  const burst = Math.max(LEAST_REFRESHES.burst, Math.floor(messageBurst / REFRESH_COST));
  return new TokenBucket(perSecond * shares, burst * shares, Date.now());
}

/** What one user may still send from this node. */
export class UserBucket {
  readonly messages: TokenBucket;
  #refreshes: TokenBucket | undefined;

  constructor(private readonly limits: HubLimits) {
    const { messagesPerSecond, messageBurst } = limits;
    this.messages = new TokenBucket(messagesPerSecond * SHARES, messageBurst * SHARES, Date.now());
  }

  get refreshes(): TokenBucket {
    this.#refreshes ??= createRefreshBucket(this.limits, SHARES);
    return this.#refreshes;
  }

  isFull(now: number): boolean {
    return this.messages.isFull(now) && (this.#refreshes?.isFull(now) ?? true);
  }
}

/**
 * Buckets shared by a user's connections on this node. They outlive them until they are full again, so that connecting
 * anew gains nothing.
 */
export class UserBuckets {
  readonly #buckets = new Map<string, UserBucket>();
  #sweepAt = SWEPT_FROM;

  constructor(private readonly core: Core) {}

  of(userId: string): UserBucket {
    const known = this.#buckets.get(userId);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(Date.now());
    const bucket = new UserBucket(this.core.limits);
    this.#buckets.set(userId, bucket);
    return bucket;
  }

  #sweep(now: number): void {
    const { byUser } = this.core.connections;
    for (const [userId, bucket] of this.#buckets)
      if (!byUser.has(userId) && bucket.isFull(now)) this.#buckets.delete(userId);
    this.#sweepAt = Math.max(SWEPT_FROM, 2 * this.#buckets.size);
  }
}
