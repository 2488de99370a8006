import type { Session } from '../seams/session.js';

/** A peer's turn: whoever sends more than its rate allows gets no more of one, and the others theirs in between. */
const TURN_MS = 0.1;
/** After a turn it rests so long, unless that would be slower than twice its rate. */
const TURN_REST_MS = 1;
/** What is read at a time: even of the smallest frames no more than can be taken apart in a turn. */
const READ_BYTES = 2_048;
/** The least rest of a peer that exceeds its rate, and of one that sends on after its close. */
const REST_MS = 20;
const LATE_REST_MS = 50;

/** A socket that can be read by parts. */
export interface Transport {
  pause(): void;
  resume(): void;
  /** While paused: takes up to so many bytes of what has arrived. @returns false when nothing had */
  read(bytes: number): boolean;
}

export interface BrakeParts {
  readonly transport: Transport;
  readonly pace: Pick<Session, 'isAhead' | 'messagesPerSecond' | 'restMs'>;
  readonly decode: (text: string) => void;
}

/**
 * Reads a peer that is ahead of its rate in short turns, and one that exceeds it no faster than it may be refused: to
 * refuse a flood frame by frame costs as much as to serve it, and the others would wait. What came with the last read
 * waits here, the rest in the network.
 */
export class Brake {
  readonly #parts: BrakeParts;
  #waiting: string[] = [];
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;
  #isEnding = false;

  constructor(parts: BrakeParts) {
    this.#parts = parts;
  }

  /** A frame in its turn. */
  receive(text: string): void {
    const { decode, pace } = this.#parts;
    if (!this.#isHeld && !pace.isAhead && !pace.restMs?.()) {
      decode(text);
      return;
    }
    this.#waiting.push(text);
    this.hold();
  }

  /** From now on the peer is read by turns. */
  hold(): void {
    if (this.#isHeld || this.#isEnding) return;
    this.#isHeld = true;
    this.#parts.transport.pause();
    this.#immediate = setImmediate(() => this.#turn());
  }

  /** The connection is closed, and the peer sends on: just enough is read to find its own close frame. */
  trickle(): void {
    if (this.#isEnding) return;
    this.release();
    this.#isEnding = true;
    const { transport } = this.#parts;
    transport.pause();
    this.#timer = setInterval(() => transport.read(READ_BYTES), LATE_REST_MS).unref();
  }

  /** The socket has ended. */
  release(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #turn(): void {
    const { decode, pace, transport } = this.#parts;
    const waiting = this.#waiting;
    const startedAt = performance.now();
    let taken = 0;
    let restMs = pace.restMs?.() ?? 0;
    while (taken < waiting.length && restMs === 0 && performance.now() - startedAt < TURN_MS) {
      decode(waiting[taken++] ?? '');
      restMs = pace.restMs?.() ?? 0;
    }
    waiting.splice(0, taken);
    if (restMs === 0 && waiting.length === 0 && !transport.read(READ_BYTES)) {
      this.#isHeld = false;
      transport.resume();
    } else if (!this.#isEnding) {
      const worthMs = (taken * 1_000) / (pace.messagesPerSecond ?? Number.POSITIVE_INFINITY);
      if (restMs > 0) this.#timer = setTimeout(() => this.#turn(), Math.max(REST_MS, restMs)).unref();
      else if (worthMs >= 2 * TURN_REST_MS) this.#timer = setTimeout(() => this.#turn(), TURN_REST_MS).unref();
      else this.#immediate = setImmediate(() => this.#turn());
    }
  }
}
