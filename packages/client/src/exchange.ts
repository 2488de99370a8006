import type {
  AckFrame,
  ClientFrame,
  ErrorFrame,
  JoinedFrame,
  PongFrame,
  ProgressFrame,
  ResponseFrame,
} from '@trunkline/protocol';
import type { Pacer } from './pacer.js';

export type Answer = AckFrame | ResponseFrame | ErrorFrame | ProgressFrame | JoinedFrame;
type Question = Exclude<ClientFrame, PongFrame>;

/** What the parts of the client need of the connection: frames out, answers by id. */
export interface Wire {
  /** True while new frames may go. */
  readonly ready: boolean;
  /** Sends it if ready; its answer does not matter. */
  send(frame: Question): boolean;
  /** Sends it if ready. Any progress, then one answer; null when the connection went first. */
  ask(frame: Question, answered: (answer: Answer | null) => void): boolean;
}

export interface Exchange extends Wire {
  /** False when nobody asked. */
  answer(answer: Answer): boolean;
  /** The connection is gone: everybody is told, oldest first. */
  drop(): void;
  /** Calls back as soon as nothing but requests waits for an answer. */
  whenQuiet(run: () => void): void;
}

export interface ExchangeOptions {
  readonly isReady: () => boolean;
  readonly transmit: (frame: ClientFrame) => void;
  readonly pacer: Pacer;
}

export function createExchange({ isReady, transmit, pacer }: ExchangeOptions): Exchange {
  const waiting = new Map<string, { readonly quick: boolean; readonly answered: (answer: Answer | null) => void }>();
  let quick = 0;
  let quiet: (() => void) | undefined;

  function settled(entry: { readonly quick: boolean }): void {
    if (entry.quick) quick--;
    if (quick === 0) quiet?.();
  }
  function send(frame: Question): boolean {
    if (!isReady()) return false;
    pacer.take();
    transmit(frame);
    return true;
  }

  return {
    get ready() {
      return isReady();
    },
    send,
    ask(frame, answered) {
      if (!send(frame)) return false;
      const entry = { quick: frame.type !== 'request', answered };
      if (entry.quick) quick++;
      waiting.set(frame.id, entry);
      return true;
    },
    answer(answer) {
      const entry = answer.id === undefined ? undefined : waiting.get(answer.id);
      if (!entry) return false;
      if (answer.type !== 'progress') waiting.delete(answer.id ?? '');
      entry.answered(answer);
      if (answer.type !== 'progress') settled(entry);
      return true;
    },
    drop() {
      const lost = [...waiting.values()];
      waiting.clear();
      quick = 0;
      quiet = undefined;
      for (const entry of lost) entry.answered(null);
    },
    whenQuiet(run) {
      quiet = run;
      if (quick === 0) run();
    },
  };
}
