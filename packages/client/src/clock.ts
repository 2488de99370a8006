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

/** Platforms fire at once beyond this. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Runs once after a while; the answer cancels it and may be called any time. */
export function after(clock: Clock, delayMs: number, run: () => void): () => void {
  const handle = clock.setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMEOUT_MS));
  return () => clock.clearTimeout(handle);
}
