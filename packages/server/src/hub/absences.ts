import { setTimeout as delay } from 'node:timers/promises';
import { TrunklineError } from '@trunkline/protocol';
import type { Core } from './core.js';
import type { UserBuckets } from './user-buckets.js';

/** Who may not connect yet is told so after a while, or it would try the next moment. */
const HELD_MS = 1_000;
/** A timer counts from the beginning of its turn. */
const TIMER_EARLY_MS = 20;
/** So many connections of a user wait for that answer; further ones have it at once. */
const HELD_OF_USER = 5;

/** Keeps users away for a while whose connections were closed for a flood. By user: others share its address. */
export class Absences {
  readonly #held = new Map<string, number>();

  constructor(
    private readonly core: Core,
    private readonly buckets: UserBuckets,
  ) {}

  /** @throws {TrunklineError} `rate_limited` with the time to wait; `cancelled` when `signal` fired */
  async check(userId: string, signal: AbortSignal): Promise<void> {
    if (this.#awayMs(userId) === 0) return;
    const held = this.#held.get(userId) ?? 0;
    if (held < HELD_OF_USER) await this.#hold(userId, signal);
    const retryAfterMs = this.#awayMs(userId);
    if (retryAfterMs === 0) return;
    this.core.observer.limited?.('connects_after_flood');
    throw new TrunklineError('rate_limited', 'This user sent far more than its rate; wait before the next try.', {
      retryAfterMs,
    });
  }

  #awayMs(userId: string): number {
    const now = performance.now();
    return this.buckets.known(userId)?.offences?.awayMs(now) ?? 0;
  }

  async #hold(userId: string, signal: AbortSignal): Promise<void> {
    this.#held.set(userId, (this.#held.get(userId) ?? 0) + 1);
    try {
      await delay(Math.min(HELD_MS, this.#awayMs(userId)) + TIMER_EARLY_MS, undefined, { signal });
    } catch (error) {
      throw new TrunklineError('cancelled', 'The peer is gone.', { cause: error });
    } finally {
      const left = (this.#held.get(userId) ?? 1) - 1;
      if (left === 0) this.#held.delete(userId);
      else this.#held.set(userId, left);
    }
  }
}
