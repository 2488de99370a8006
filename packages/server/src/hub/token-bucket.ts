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

  /** Takes tokens, never more than the burst. @returns 0 when taken, else the milliseconds until there are as many */
  take(now: number, tokens = 1): number {
    this.#refill(now);
    const wanted = Math.min(tokens, this.burst);
    if (this.#tokens >= wanted) {
      this.#tokens -= wanted;
      return 0;
    }
    return Math.max(1, Math.ceil(((wanted - this.#tokens) * 1_000) / this.perSecond));
  }

  isFull(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.burst;
  }

  #refill(now: number): void {
    if (now <= this.#refilledAt) return;
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#refilledAt) * this.perSecond) / 1_000);
    this.#refilledAt = now;
  }
}
