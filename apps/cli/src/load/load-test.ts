import type { ServerOptions } from '../server-options.js';
import { openFleet } from './open-fleet.js';
import { createProgress } from './progress.js';
import { type LoadResult, runLoad } from './run-load.js';

export { resultTable } from './result-table.js';

export interface LoadTestOptions {
  readonly server: ServerOptions;
  readonly connections: number;
  readonly rooms: number;
  /** Messages a second, in all. */
  readonly rate: number;
  /** Seconds. */
  readonly duration: number;
  readonly bytes: number;
  /** For one join, and for one ack. */
  readonly timeoutMs: number;
  /** True: no progress bar. */
  readonly silent: boolean;
}

/** Connects, publishes, measures, and closes everything again. */
export async function loadTest(options: LoadTestOptions): Promise<LoadResult> {
  const { server, connections, rooms, rate, duration, bytes, timeoutMs, silent } = options;
  const progress = createProgress(silent);
  try {
    await using fleet = await openFleet({ server, connections, rooms, timeoutMs, progress });
    return await runLoad({ fleet, rate, durationSeconds: duration, bytes, timeoutMs, progress });
  } finally {
    progress.stop();
  }
}
