import { TrunklineError } from '@trunkline/protocol';
import { onAbort } from './deferred.js';

const CAPACITY = 1_000;

/**
 * Callbacks as an async iterator. Begins to collect at once; a reader that falls too far behind gets `queue_full`
 * rather than a hole.
 */
export function createEventStream<T>(
  subscribe: (listener: (value: T) => void) => () => void,
  signal?: AbortSignal,
): AsyncIterableIterator<T> {
  const values: T[] = [];
  let failure: TrunklineError | undefined;
  let ended = false;
  let wake = () => {};

  const unsubscribe = subscribe((value) => {
    if (values.length < CAPACITY) values.push(value);
    else {
      failure = new TrunklineError('queue_full', 'The reader fell 1 000 events behind; read faster or use a callback.');
      end();
    }
    wake();
  });
  const stop = onAbort(signal, end);
  function end(): void {
    ended = true;
    unsubscribe();
    wake();
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      for (;;) {
        const value = values.shift();
        if (value !== undefined) return { done: false, value };
        if (failure) throw failure;
        if (ended) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async return() {
      stop();
      end();
      values.length = 0;
      return { done: true, value: undefined };
    },
  };
}
