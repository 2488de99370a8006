import { createId } from '@trunkline/protocol';

/** `<worker's id>.<128 random bits>`. Ids of workers begin at 1 and are never given twice by one primary. */
const NAME = /^([1-9]\d{0,8})\./;

/** Names a session so that every worker can tell whose it is, and nobody can guess it. */
export function nameSession(workerId: string): string {
  return `${workerId}.${createId()}`;
}

/** The worker that a session's name tells; null for any other text. */
export function workerOfSession(name: string | null): string | null {
  return NAME.exec(name ?? '')?.[1] ?? null;
}
