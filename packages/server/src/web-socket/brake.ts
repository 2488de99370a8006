/** So many refusals go out at once; from then on as many each time. */
const REFUSALS_AT_ONCE = 20;
const SLICE_MS = 20;

export interface BrakeParts {
  readonly transport: { pause(): void; resume(): void };
  /** Commands of the peer that were refused by rate, so far. */
  readonly refusals: () => number;
  readonly decode: (text: string) => void;
}

/**
 * Reads a peer that exceeds its rate no faster than 1 000 refusals a second: to refuse a flood frame by frame costs as
 * much as to serve it, and the others would wait. What came with the last read waits here, and the rest in TCP.
 */
export class Brake {
  readonly #parts: BrakeParts;
  readonly #waiting: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #refusedBefore: number;

  constructor(parts: BrakeParts) {
    this.#parts = parts;
    this.#refusedBefore = parts.refusals();
  }

  /** A frame in its turn. */
  receive(text: string): void {
    this.#waiting.push(text);
    if (this.#timer === null) this.#slice();
  }

  release(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting.length = 0;
  }

  #slice(): void {
    const { decode, refusals, transport } = this.#parts;
    let taken = 0;
    for (const text of this.#waiting) {
      if (refusals() - this.#refusedBefore >= REFUSALS_AT_ONCE) break;
      decode(text);
      taken++;
    }
    this.#waiting.splice(0, taken);
    if (refusals() - this.#refusedBefore < REFUSALS_AT_ONCE) {
      if (this.#timer !== null) transport.resume();
      this.#timer = null;
      return;
    }
    this.#refusedBefore = refusals();
    if (this.#timer === null) transport.pause();
    this.#timer = setTimeout(() => this.#slice(), SLICE_MS).unref();
  }
}
