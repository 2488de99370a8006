import { TrunklineError } from '@trunkline/protocol';
import { onAbort } from './deferred.js';
import { fault } from './outbox-item.js';

/**
 * Callbacks as an async iterator. Begins to collect at once; a reader that falls too far behind gets `queue_full`
 * rather than a hole.
 */
export function createEventStream<T>(
  subscribe: (listener: (value: T) => void) => () => void,
  signal?: AbortSignal,
): AsyncIterableIterator<T> {
  const capacity = 1_000;
  const values: T[] = [];
  let ended: true | TrunklineError | undefined;
  let wake = () => {};
  let ignore = () => {};

  const unsubscribe = subscribe((value) => {
    if (values.length === capacity) end(fault('queue_full'));
    else values.push(value);
    wake();
  });
  function end(how: true | TrunklineError): void {
    ended = how;
    unsubscribe();
    ignore();
  }
  function stop(): void {
    values.length = 0;
    end(true);
    wake();
  }
  ignore = onAbort(signal, stop);

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
      if (ended instanceof TrunklineError) throw ended;
      return { done: true, value };
    },
    async return() {
      stop();
      return { done: true, value: undefined };
    },
  };
}
