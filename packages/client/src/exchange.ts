import {
  type AckFrame,
  type ClientFrame,
  createId,
  type ErrorFrame,
  type JoinedFrame,
  type PongFrame,
  type ProgressFrame,
  type ResponseFrame,
  type WelcomeLimits,
} from '@trunkline/protocol';
import { after, type Clock, steady } from './clock.js';

export type Answer = AckFrame | ResponseFrame | ErrorFrame | ProgressFrame | JoinedFrame;

/** JSON leaves out what is undefined. */
type Loose<T> = { readonly [K in keyof T]: T extends { readonly [P in K]: unknown } ? T[K] : T[K] | undefined };
type Unnamed<T> = T extends unknown ? Loose<Omit<T, 'id'>> : never;
/** A frame to send; with an id if it must be the same at every try. */
export type Question = Unnamed<Exclude<ClientFrame, PongFrame>> & { readonly id?: string };

/** What the parts of the client need of the connection: frames out, answers back. */
export interface Wire {
  /** Milliseconds until what waits is gone and one more may be sent; 0: now. Infinity without a connection. */
  waitMs(): number;
  /** True while new frames may go. */
  isReady(): boolean;
  /**
   * Sends it in its turn, if ready; what nobody waits for now or never. `answered` gets any progress, then one
   * answer; null when the connection went first.
   */
  ask(frame: Question, answered?: (answer: Answer | null) => unknown): boolean;
}

export interface Exchange extends Wire {
  /** A connection begins with a full bucket. */
  opened(welcome: { readonly limits: Pick<WelcomeLimits, 'messagesPerSecond' | 'burst'> }): void;
  /** False when nobody asked. */
  answer(answer: Answer): boolean;
  /** The connection is gone: nothing that waits is sent any more, and everybody is told, oldest first. */
  dropped(): void;
  /** Holds new frames, and calls back as soon as nothing but requests waits for an answer. */
  whenQuiet(run: () => void): void;
}

type Named = Question & { readonly id: string };

/**
 * Keeps us below the server's rate: the same bucket, a little smaller, as frames arrive closer together than they left.
 * What is beyond it waits in line.
 */
export function createExchange(clock: Clock, transmit: (frame: Named) => void): Exchange {
  const now = steady(clock);
  const waiting = new Map<string, { readonly type: string; readonly answered: (answer: Answer | null) => unknown }>();
  const line: Named[] = [];
  let cancel = () => {};
  let quiet: (() => void) | undefined;
  let intervalMs = 0;
  let slackMs = 0;
  /** When the bucket will be full again. */
  let fullAt = Infinity;

  function waitMs(ahead = line.length): number {
    return Math.max(0, Math.ceil(fullAt + ahead * intervalMs - slackMs - now()));
  }
  const isReady = () => !quiet && waitMs() < Infinity;
  function send(frame: Named): void {
    fullAt = Math.max(fullAt, now()) + intervalMs;
    transmit(frame);
  }
  function flow(): void {
    cancel();
    while (line.length > 0 && waitMs(0) === 0) line.splice(0, 1).forEach(send);
    if (line.length > 0) cancel = after(clock, waitMs(0), flow);
  }
  function checkQuiet(): void {
    if (quiet && [...waiting.values()].every(({ type }) => type === 'request')) quiet();
  }

  return {
    waitMs,
    opened({ limits: { messagesPerSecond, burst } }) {
      const share = 0.8;
      intervalMs = 1_000 / (messagesPerSecond * share);
      slackMs = (burst * share - 1) * intervalMs;
      fullAt = 0;
    },
    isReady,
    ask(frame, answered) {
      const { id = createId(), type } = frame;
      // `cancel`, `result` and `refresh` never queue (PROTOCOL.md, "Client frames").
      const isUrgent = /^(c|re[sf])/.test(type);
      if (!isUrgent && (!isReady() || (!answered && waitMs() > 0))) return false;
      if (answered) waiting.set(id, { type, answered });
      if (isUrgent) send({ ...frame, id });
      else line.push({ ...frame, id });
      flow();
      return true;
    },
    answer(answer) {
      const { id = '', type } = answer;
      const entry = waiting.get(id);
      if (type !== 'progress') waiting.delete(id);
      entry?.answered(answer);
      checkQuiet();
      return !!entry;
    },
    dropped() {
      cancel();
      line.length = 0;
      fullAt = Infinity;
      quiet = undefined;
      for (const [id, { answered }] of waiting) {
        waiting.delete(id);
        answered(null);
      }
    },
    whenQuiet(run) {
      quiet = run;
      checkQuiet();
    },
  };
}
