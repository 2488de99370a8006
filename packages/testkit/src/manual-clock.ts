/** Time that moves only when the test says so. */
export interface ManualClock {
  /** Milliseconds. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): number;
  setInterval(callback: () => void, periodMs: number): number;
  clearTimeout(timer: number | undefined): void;
  clearInterval(timer: number | undefined): void;
  /** Runs everything due within the next `ms`, in order of time; promises settle between two timers. */
  advance(ms: number): Promise<void>;
  /** Timers that are set. */
  readonly pending: number;
}

interface Timer {
  readonly callback: () => void;
  readonly periodMs: number | undefined;
  at: number;
}

export function createManualClock(start = 1_700_000_000_000): ManualClock {
  const timers = new Map<number, Timer>();
  let now = start;
  let last = 0;

  function set(callback: () => void, delayMs: number, periodMs?: number): number {
    last += 1;
    timers.set(last, { callback, periodMs, at: now + Math.max(delayMs, periodMs === undefined ? 0 : 1) });
    return last;
  }

  function nextDue(until: number): [number, Timer] | undefined {
    let due: [number, Timer] | undefined;
    for (const entry of timers) {
      if (entry[1].at <= until && (due === undefined || entry[1].at < due[1].at)) due = entry;
    }
    return due;
  }

  const clear = (timer: number | undefined): void => {
    if (timer !== undefined) timers.delete(timer);
  };
  return {
    now: () => now,
    setTimeout: (callback, delayMs) => set(callback, delayMs),
    setInterval: (callback, periodMs) => set(callback, periodMs, Math.max(1, periodMs)),
    clearTimeout: clear,
    clearInterval: clear,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        const [id, timer] = due;
        now = Math.max(now, timer.at);
        if (timer.periodMs === undefined) timers.delete(id);
        else timer.at += timer.periodMs;
        timer.callback();
        await settle();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets every promise that can settle do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
