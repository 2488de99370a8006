import { queueFull } from './budget.js';

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
  let overflowed = false;
  let ended = false;
  let wake = () => {};

  const unsubscribe = subscribe((value) => {
    if (values.length === CAPACITY) {
      overflowed = true;
      end();
    } else values.push(value);
    wake();
  });
  function end(): void {
    ended = true;
    unsubscribe();
    signal?.removeEventListener('abort', stop);
    wake();
  }
  function stop(): void {
    values.length = 0;
    end();
  }
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      while (values.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const [value] = values.splice(0, 1);
      if (value !== undefined) return { done: false, value };
      if (overflowed) throw queueFull();
      return { done: true, value: undefined };
    },
    async return() {
      stop();
      return { done: true, value: undefined };
    },
  };
}
