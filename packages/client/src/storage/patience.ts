import { TrunklineError } from '@trunkline/protocol';
import { after, type Clock } from '../clock.js';

const PATIENCE_MS = 5_000;

/** Rejects when it takes too long: what waits for a storage that never answers goes on without it. */
export async function withPatience<T>(clock: Clock, work: Promise<T>): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = after(clock, PATIENCE_MS, () => reject(noAnswer()));
  });
  return await Promise.race([work, late]).finally(() => cancel());
}

/** One question at a time; while one hangs, the others are refused at once. */
export function createPatientAsker(clock: Clock): <T>(ask: () => Promise<T>) => Promise<T> {
  let hangs = false;
  return async (ask) => {
    if (hangs) throw noAnswer();
    hangs = true;
    const asked = ask().finally(() => {
      hangs = false;
    });
    return await withPatience(clock, asked);
  };
}

function noAnswer(): TrunklineError {
  return new TrunklineError('timeout', 'The storage does not answer.');
}
