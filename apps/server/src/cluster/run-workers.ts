import cluster, { type Worker } from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@trunkline/server';

export interface WorkersOptions {
  readonly count: number;
  /** Handed to every worker, so that they verify each other's tokens. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

/** A worker that dies is replaced after this; one that dies again and again can not take the machine's time. */
const REPLACE_AFTER_MS = 1_000;
const EX_CONFIG = 78;
const EX_TEMPFAIL = 75;
const EXIT_NOW = 130;

/**
 * Runs the server in several processes that share its ports, and stays in charge of them: signals are passed on, lost
 * workers are replaced, and a worker that refuses its configuration ends all.
 *
 * @returns the exit status, once every worker has ended after a signal
 */
export async function runWorkers({ count, environment, logger }: WorkersOptions): Promise<number> {
  let isEnding = false;
  const statuses: number[] = [];

  return new Promise((resolve) => {
    cluster.on('exit', (worker: Worker, status: number | null, signal: string | null) => {
      // A worker that was told to end before it listened has served nobody.
      statuses.push(status ?? (isEnding && signal === 'SIGTERM' ? 0 : 1));
      if (status === EX_CONFIG) end();
      if (isEnding) {
        if (Object.keys(cluster.workers ?? {}).length === 0) resolve(combined(statuses));
        return;
      }
      statuses.pop();
      logger.error({ worker: worker.id, status, signal }, 'a worker ended; another takes its place');
      void delay(REPLACE_AFTER_MS).then(() => isEnding || cluster.fork(environment));
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isEnding) process.exit(EXIT_NOW);
        end();
      });
    }
    for (let started = 0; started < count; started++) cluster.fork(environment);
  });

  function end(): void {
    isEnding = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  }
}

/** What is worst: bad configuration, then events that were lost, then anything else. */
function combined(statuses: readonly number[]): number {
  return (
    [EX_CONFIG, EX_TEMPFAIL].find((status) => statuses.includes(status)) ?? statuses.find((status) => status !== 0) ?? 0
  );
}
