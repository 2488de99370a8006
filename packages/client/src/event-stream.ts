import type { TrunklineError } from '@trunkline/protocol';
import type { Client } from './client-api.js';
import { onAbort } from './deferred.js';
import { fault } from './outbox-item.js';

/** Starts something that can end; the answer takes it back. */
type Start<T> = (run: T) => () => void;

/**
 * Callbacks as an async iterator. Begins to collect at once; a reader that falls too far
 * behind gets `queue_full` rather than a hole.
 */
export function createEventStream<T>(
  subscribe: Start<(value: T) => void>,
  on: Client['on'],
  signal?: AbortSignal,
): AsyncIterableIterator<T> {
  const normal = 1_000;
  const values: T[] = [];
  let ended: true | TrunklineError | undefined;
  let wake = () => {};

  const releases = [
    subscribe((value) => {
      const capacity = 1_000;
      if (values.length < capacity) values.push(value);
      else end(fault('queue_full'));
      wake();
    }),
    // After any other end `reconnect()` goes on.
    on('state', (state) => 'cause' in state && state.cause.code === normal && stop()),
  ];
  releases.push(onAbort(signal, stop));
  function end(how: true | TrunklineError): void {
    ended = how;
    for (const release of releases) release();
    wake();
  }
  function stop(): void {
    values.length = 0;
    end(true);
  }

  /** A generator answers one `next` after the other. */
  async function* read(): AsyncGenerator<T, undefined> {
    while (values.length > 0 || !ended) {
      if (values.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      yield* values.splice(0, 1);
    }
    if (ended !== true) throw ended;
  }
  return Object.assign(read(), {
    async return() {
      stop();
      return { done: true as const, value: undefined };
    },
  });
}
