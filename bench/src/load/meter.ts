import { performance } from 'node:perf_hooks';

const MARK = Buffer.from('"t":');
const ZERO = 48;

/** Counts what all clients of one crowd receive, and takes latencies from a sample of it. */
export class Meter {
  deliveries = 0;
  /** Rejects when the server refuses or drops one of the clients: what was counted on will not all arrive. */
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => {};
  readonly latenciesMs: number[] = [];
  /** One delivery in so many has its timestamp read. */
  sampleEvery = 64;
  #target = Number.POSITIVE_INFINITY;
  #reached: (() => void) | undefined;

  constructor() {
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    // Those that measure are told; a crowd whose clients are meant to be dropped is not asked.
    this.failed.catch(() => undefined);
  }

  fail(error: Error): void {
    this.#fail(error);
  }

  delivered(bytes: Buffer, start: number, end: number): void {
    this.deliveries++;
    if (this.deliveries % this.sampleEvery === 0) this.#sample(bytes, start, end);
    if (this.deliveries === this.#target) this.#reached?.();
  }

  /** Resolves when so many more deliveries have arrived. */
  expect(more: number): Promise<void> {
    this.#target = this.deliveries + more;
    return new Promise((resolve) => {
      this.#reached = resolve;
    });
  }

  takeLatencies(): number[] {
    return this.latenciesMs.splice(0).sort((a, b) => a - b);
  }

  #sample(bytes: Buffer, start: number, end: number): void {
    const mark = bytes.indexOf(MARK, start);
    if (mark < 0 || mark >= end) return;
    let sentAt = 0;
    for (let index = mark + MARK.length; index < end; index++) {
      const digit = (bytes[index] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      sentAt = sentAt * 10 + digit;
    }
    this.latenciesMs.push((nowMicros() - sentAt) / 1_000);
  }
}

/** Microseconds of this thread's own clock: senders and receivers of a crowd share it. */
export function nowMicros(): number {
  return Math.round(performance.now() * 1_000);
}
