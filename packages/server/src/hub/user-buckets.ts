import type { Core } from './core.js';
import { TokenBucket } from './token-bucket.js';

/** What all connections of one user may send together, in shares of one connection. */
const SHARES = 5;
const SWEPT_FROM = 10_000;

/**
 * One token bucket a user on this node, shared by its connections. It outlives them until it is full again, so that
 * connecting anew gains nothing.
 */
export class UserBuckets {
  readonly #buckets = new Map<string, TokenBucket>();
  #sweepAt = SWEPT_FROM;

  constructor(private readonly core: Core) {}

  get size(): number {
    return this.#buckets.size;
  }

  of(userId: string): TokenBucket {
    const known = this.#buckets.get(userId);
    if (known !== undefined) return known;
    const { messagesPerSecond, messageBurst } = this.core.limits;
    const now = Date.now();
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(now);
    const bucket = new TokenBucket(messagesPerSecond * SHARES, messageBurst * SHARES, now);
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
