import { TokenBucket } from './token-bucket.js';

/** So often a user is refused by rate, and one that has been sent away; what it sends beyond that is left unread. */
const REFUSALS = { perSecond: 250, atOnce: 20 };
const REFUSALS_AFTER_ABSENCE = { perSecond: 100, atOnce: 5 };
/** A user whose connection was closed for a flood stays away so long, and twice as long each time it goes on. */
const FIRST_ABSENCE_MS = 1_000;
const LONGEST_ABSENCE_MS = 60_000;
/** After so long without a further one everything is forgotten. */
const FORGOTTEN_AFTER_MS = 60_000;

/** What one user was refused by rate, over all its connections: to come back gains nothing. */
export class Offences {
  #refusals = bucketOf(REFUSALS);
  #absenceMs = 0;
  #awayUntil = 0;
  #lastAt = 0;

  /** One more refusal. */
  add(now: number): void {
    this.#lastAt = now;
    this.#refusals.take(now);
  }

  /** How long its connections are left unread. */
  restMs(now: number): number {
    return this.#refusals.waitMs(now);
  }

  /** A connection is closed for it. Those that are closed together are sent away once. @returns for how long */
  sendAway(now: number): number {
    if (now >= this.#awayUntil) {
      this.#absenceMs = this.#absenceMs === 0 ? FIRST_ABSENCE_MS : Math.min(LONGEST_ABSENCE_MS, 2 * this.#absenceMs);
      this.#awayUntil = Math.trunc(now) + this.#absenceMs;
      this.#refusals = bucketOf(REFUSALS_AFTER_ABSENCE);
    }
    return this.awayMs(now);
  }

  /** How long it may not connect. */
  awayMs(now: number): number {
    return Math.max(0, Math.ceil(this.#awayUntil - now));
  }

  get hasBeenAway(): boolean {
    return this.#absenceMs > 0;
  }

  isForgotten(now: number): boolean {
    return now - Math.max(this.#lastAt, this.#awayUntil) > FORGOTTEN_AFTER_MS;
  }
}

function bucketOf({ perSecond, atOnce }: typeof REFUSALS): TokenBucket {
  return new TokenBucket(perSecond, atOnce, performance.now());
}
