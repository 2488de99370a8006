import { eventually } from './eventually.js';

const WATCHED = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'ProcessWrap',
  'TLSWrap',
  'Timeout',
  'HTTPClientRequest',
]);

/**
 * Declare it first in a test: when the test's scope ends, after everything declared later was disposed, sockets,
 * servers, child processes and timers must be back to what they were. Timers that are `unref`'d do not count.
 *
 * @example await using _leaks = watchLeaks();
 */
export function watchLeaks(options: { readonly timeoutMs?: number } = {}): AsyncDisposable {
  const before = count();
  return {
    async [Symbol.asyncDispose]() {
      await eventually(
        () => {
          const left = [...count()].filter(([kind, amount]) => amount > (before.get(kind) ?? 0));
          if (left.length === 0) return true;
          throw new Error(
            `left open: ${left.map(([kind, amount]) => `${amount - (before.get(kind) ?? 0)} ${kind}`).join(', ')}`,
          );
        },
        { timeoutMs: options.timeoutMs ?? 3_000 },
      );
    },
  };
}

function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
