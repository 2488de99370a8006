/** Time as the client sees it; tests inject a manual one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** Runs once after a while; the answer cancels it and may be called any time. */
export function after(clock: Clock, delayMs: number, run: () => void): () => void {
  /** Platforms fire at once beyond this. */
  const longestMs = 2_147_483_647;
  const handle = clock.setTimeout(run, Math.min(delayMs, longestMs));
  return () => clock.clearTimeout(handle);
}

/** Time that only goes forward, for durations: a clock that is set back costs what passed since the last look. */
export function steady(clock: Clock): () => number {
  let last = 0;
  let lostMs = 0;
  return () => {
    lostMs += Math.max(0, last - clock.now());
    last = clock.now();
    return last + lostMs;
  };
}
