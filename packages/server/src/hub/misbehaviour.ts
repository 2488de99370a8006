const WINDOW_MS = 10_000;

/** Counts a peer's offences within ten seconds of the first one; past the bound it is closed. */
export class Misbehaviour {
  #count = 0;
  #since = Number.NEGATIVE_INFINITY;

  constructor(private readonly bound: number) {}

  /** In the window of the last one. */
  get count(): number {
    return this.#count;
  }

  /** @returns true when this offence is one too many */
  add(now: number): boolean {
    if (now - this.#since > WINDOW_MS) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count >= this.bound;
  }
}
