import type { LogFn, Logger } from 'pino';

const WARN = 40;
const FATAL = 60;
const WINDOW_MS = 10_000;
const PER_WINDOW = 20;
const MAX_MESSAGES = 1_000;

interface Told {
  since: number;
  count: number;
}

/**
 * A hook for pino: what goes wrong a thousand times a second is written 20 times in 10 s for each message; the next
 * one that is written says how many were not (`suppressed`). What is no warning is always written, and so is the end.
 */
export function sampleErrors(now: () => number = Date.now) {
  const told = new Map<string, Told>();

  /** @returns how many like it were left out before; null: leave this one out too */
  function admit(message: string): number | null {
    const at = now();
    const known = told.get(message);
    if (known !== undefined && at - known.since < WINDOW_MS) {
      known.count++;
      return known.count <= PER_WINDOW ? 0 : null;
    }
    if (told.size >= MAX_MESSAGES) told.clear();
    told.set(message, { since: at, count: 1 });
    return Math.max(0, (known?.count ?? 0) - PER_WINDOW);
  }

  return function logMethod(this: Logger, args: readonly unknown[], method: LogFn, level: number): void {
    const [first, second] = args;
    const fields = typeof first === 'object' && first !== null ? first : null;
    const suppressed =
      level < WARN || level >= FATAL ? 0 : admit(String(second ?? (fields instanceof Error ? fields.message : first)));
    if (suppressed === null) return;
    if (suppressed === 0) Reflect.apply(method, this, args);
    else if (fields === null) Reflect.apply(method, this, [{ suppressed }, first]);
    else Reflect.apply(method, this, [{ ...(fields instanceof Error ? { err: fields } : fields), suppressed }, second]);
  };
}
