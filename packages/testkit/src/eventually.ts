import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyOptions {
  /** @default 5_000 */
  readonly timeoutMs?: number;
  /** @default 10 */
  readonly everyMs?: number;
}

/**
 * Asks until the answer is neither undefined, null nor false, and resolves with it. An assertion that throws counts as
 * "not yet"; the last one is what a timeout reports.
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 5_000, everyMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      last = `it answered ${String(answer)}`;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${last instanceof Error ? last.message : String(last)}`, {
        cause: last,
      });
    }
    await pause(everyMs);
  }
}
