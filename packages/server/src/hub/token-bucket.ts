/** A token bucket without a timer: refilled by the time that passed. */
export class TokenBucket {
  #tokens: number;
  #refilledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  /** Takes one token. @returns 0 when taken, else the milliseconds until there is one */
  take(now: number): number {
    this.#refill(now);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return this.#untilOneMs();
  }

  /** Takes what was used elsewhere, into debt of one burst at most: that is how long nobody gets anything. */
  debit(tokens: number): void {
    this.#tokens = Math.max(-this.burst, this.#tokens - tokens);
  }

  /** How many were left when last looked at. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Takes none. @returns the milliseconds until there is one */
  waitMs(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? 0 : this.#untilOneMs();
  }

  isFull(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.burst;
  }

  #untilOneMs(): number {
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1_000) / this.perSecond));
  }

  #refill(now: number): void {
    if (now <= this.#refilledAt) return;
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#refilledAt) * this.perSecond) / 1_000);
    this.#refilledAt = now;
  }
}
