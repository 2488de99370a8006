/** What arrived and was not taken yet; every wait ends with a frame or an error that prints what was seen instead. */
export interface FrameQueue<F> {
  push(frame: F): void;
  /** No more will come; `why` is part of the errors of those who wait. */
  end(why: string): void;
  /** Everything that ever arrived, oldest first. */
  readonly seen: readonly F[];
  /** Frames that nobody took. */
  readonly pending: readonly F[];
  /** Takes the oldest frame that `matches`; frames before it stay. */
  take(matches: (frame: F) => boolean, what: string, timeoutMs?: number): Promise<F>;
}

interface Waiter<F> {
  readonly matches: (frame: F) => boolean;
  readonly settle: (frame: F) => void;
  readonly fail: (why: string) => void;
}

export function createFrameQueue<F>(print: (frame: F) => string = (frame) => JSON.stringify(frame)): FrameQueue<F> {
  const seen: F[] = [];
  const pending: F[] = [];
  const waiters = new Set<Waiter<F>>();
  let ended: string | undefined;

  return {
    seen,
    pending,
    push(frame) {
      seen.push(frame);
      for (const waiter of waiters) {
        if (!waiter.matches(frame)) continue;
        waiters.delete(waiter);
        waiter.settle(frame);
        return;
      }
      pending.push(frame);
    },
    end(why) {
      ended ??= why;
      for (const waiter of waiters) waiter.fail(why);
      waiters.clear();
    },
    take(matches, what, timeoutMs = 5_000) {
      const index = pending.findIndex(matches);
      const [found] = index < 0 ? [] : pending.splice(index, 1);
      if (found !== undefined) return Promise.resolve(found);
      // The stack of the caller, not of a timer, is what a failing test needs.
      const error = new Error();
      return new Promise((resolve, reject) => {
        const fail = (why: string): void => {
          clearTimeout(timer);
          const frames = seen.slice(-20).map((frame) => `  ${print(frame).slice(0, 300)}`);
          error.message = `no ${what}: ${why}. Seen (${seen.length}):\n${frames.join('\n') || '  nothing'}`;
          reject(error);
        };
        const settle = (frame: F): void => {
          clearTimeout(timer);
          resolve(frame);
        };
        const waiter: Waiter<F> = { matches, settle, fail };
        const timer = setTimeout(() => {
          waiters.delete(waiter);
          fail(`waited ${timeoutMs} ms`);
        }, timeoutMs);
        if (ended === undefined) waiters.add(waiter);
        else fail(ended);
      });
    },
  };
}
