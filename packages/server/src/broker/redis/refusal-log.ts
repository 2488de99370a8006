import type { Logger } from '../../seams/logger.js';
import { describeFailure, isReplyError } from './redis-failure.js';

/** Logs what Redis itself refused: one line a reason and 10 s; for a key of the wrong type, one a key. */
export type RefusalLog = (error: unknown, key?: string) => void;

const QUIET_MS = 10_000;
const MAX_REMEMBERED = 100;

export function createRefusalLog(logger: Logger): RefusalLog {
  const toldAt = new Map<string, number>();
  return (error, key) => {
    if (!isReplyError(error)) return;
    const reason = describeFailure(error);
    // Of a Redis that is full, say, every key would have its line.
    const about = /^(TRUNKLINE_|WRONG)TYPE/.test(error.message) && key !== undefined ? { key } : {};
    const line = `${reason} ${about.key}`;
    const now = performance.now();
    if (now - (toldAt.get(line) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    if (toldAt.size >= MAX_REMEMBERED) toldAt.clear();
    toldAt.set(line, now);
    logger.warn({ reason, ...about }, 'Redis refused a command');
  };
}
