import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is true or the time has passed; what a conformance suite waits with. */
export async function settleUntil(
  ask: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 5_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await pause(5);
  }
}
