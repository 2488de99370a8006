import cluster from 'node:cluster';
import type { Logger } from '@trunkline/server';
import { exitWhenLogged } from './exit-when-logged.js';

export interface ExitOptions {
  readonly drain: () => Promise<{ readonly outbox: number }>;
  /** Within it the drain should be over. */
  readonly deadlineMs: number;
  readonly logger: Logger;
}

/** What closing may take beyond the deadline, before the process ends anyway. */
const CLOSING_MS = 5_000;
/** Events that were accepted and could not be appended to Redis end with this process (sysexits.h, EX_TEMPFAIL). */
const EX_TEMPFAIL = 75;
const EXIT_NOW = 130;

/**
 * SIGTERM and SIGINT drain and then end the process; a second one ends it at once. A worker leaves SIGINT to its
 * primary: a terminal sends it to both.
 */
export function exitOnSignal({ drain, deadlineMs, logger }: ExitOptions): void {
  let isDraining = false;
  if (cluster.isWorker) process.on('SIGINT', () => undefined);
  for (const signal of cluster.isWorker ? (['SIGTERM'] as const) : (['SIGTERM', 'SIGINT'] as const)) {
    process.on(signal, () => {
      if (isDraining) process.exit(EXIT_NOW);
      isDraining = true;
      logger.info({ signal }, 'draining');
      setTimeout(() => {
        logger.error({}, 'draining took too long');
        exitWhenLogged(1);
      }, deadlineMs + CLOSING_MS).unref();
      drain().then(
        ({ outbox }) => {
          if (outbox > 0) logger.error({ outbox }, 'events that wait for Redis end with this process');
          else logger.info({}, 'drained');
          exitWhenLogged(outbox > 0 ? EX_TEMPFAIL : 0);
        },
        (error: unknown) => {
          logger.error({ err: error }, 'draining failed');
          exitWhenLogged(1);
        },
      );
    });
  }
}
