import {
  type AckFrame,
  type ClientFrame,
  createId,
  type ErrorFrame,
  type JoinedFrame,
  type PongFrame,
  type ProgressFrame,
  type ResponseFrame,
} from '@trunkline/protocol';
import type { Pacer } from './pacer.js';

export type Answer = AckFrame | ResponseFrame | ErrorFrame | ProgressFrame | JoinedFrame;

/** JSON leaves out what is undefined. */
type Loose<T> = { readonly [K in keyof T]: T extends { readonly [P in K]: unknown } ? T[K] : T[K] | undefined };
type Unnamed<T> = T extends unknown ? Loose<Omit<T, 'id'>> : never;
/** A frame to send; with an id if it must be the same at every try. */
export type Question = Unnamed<Exclude<ClientFrame, PongFrame>> & { readonly id?: string };

/** What the parts of the client need of the connection: frames out, answers back. */
export interface Wire {
  /** True while new frames may go. */
  isReady(): boolean;
  /** Sends it, if ready. `answered` gets any progress, then one answer; null when the connection went first. */
  ask(frame: Question, answered?: (answer: Answer | null) => void): boolean;
}

export interface Exchange extends Wire {
  /** False when nobody asked. */
  answer(answer: Answer): boolean;
  /** The connection is gone: everybody is told, oldest first. */
  dropped(): void;
  /** Calls back as soon as nothing but requests waits for an answer. */
  whenQuiet(run: () => void): void;
}

export function createExchange(
  pacer: Pacer,
  isReady: () => boolean,
  transmit: (frame: Question & { readonly id: string }) => void,
): Exchange {
  const waiting = new Map<string, { readonly type: string; readonly answered: (answer: Answer | null) => void }>();
  let quiet: (() => void) | undefined;

  function checkQuiet(): void {
    if (quiet && [...waiting.values()].every(({ type }) => type === 'request')) quiet();
  }

  return {
    isReady,
    ask(frame, answered) {
      const { id = createId(), type } = frame;
      // `cancel`, `result` and `refresh` never queue (PROTOCOL.md, "Client frames"); an event that nobody waits for goes now or never.
      const isLate = isReady() ? !answered && 'event' in frame && pacer.waitMs() : !/^(c|re[sf])/.test(type);
      if (isLate) return false;
      pacer.take();
      if (answered) waiting.set(id, { type, answered });
      transmit({ ...frame, id });
      return true;
    },
    answer(answer) {
      const { id = '', type } = answer;
      const entry = waiting.get(id);
      if (type !== 'progress') waiting.delete(id);
      entry?.answered(answer);
      checkQuiet();
      return entry !== undefined;
    },
    dropped() {
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
