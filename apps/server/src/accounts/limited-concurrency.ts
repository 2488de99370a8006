/** Runs at most `width` tasks at once and lets at most `queued` wait; `refuse` words the error for more. */
export function limitConcurrency(options: {
  readonly width: number;
  readonly queued: number;
  readonly refuse: () => Error;
}) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async function run<T>(task: () => Promise<T>): Promise<T> {
    if (running >= options.width) {
      if (waiting.length >= options.queued) throw options.refuse();
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
