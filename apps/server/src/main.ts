import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@trunkline/server';
import { createNeighbours, type Neighbours } from './cluster/neighbours.js';
import { createPrivateDirectory, outlivePrimary } from './cluster/private-directory.js';
import { runWorkers } from './cluster/run-workers.js';
import { sayFlaw, sayFlawOfWorkers } from './cluster/shared-flaw.js';
import { serveMetricsToWorkers } from './cluster/shared-metrics.js';
import { ConfigurationError, EX_CONFIG } from './config/configuration-error.js';
import { type Configuration, readConfiguration } from './config/read-configuration.js';
import { createLogger } from './observability/logger.js';
import { announce } from './server/announce.js';
import { exitOnSignal } from './server/exit-on-signal.js';
import { exitWhenLogged } from './server/exit-when-logged.js';
import { startServer } from './server/start-server.js';
import { setV8Flags } from './server/v8-flags.js';

const PAGES = fileURLToPath(new URL('../../playground/dist', import.meta.url));
const ADMIN = fileURLToPath(new URL('../../admin/dist', import.meta.url));
/** Set by the primary for its workers, whatever the operator's environment says. */
const DIRECTORY = 'TRUNKLINE_WORKERS_DIRECTORY';

try {
  const configuration = readConfiguration(process.env);
  if (cluster.isPrimary && configuration.workers > 1) await runPrimary(configuration);
  else await runServer(configuration);
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  await sayFlaw(`${error.message}\n`);
  process.exit(EX_CONFIG);
}

async function runPrimary({ keys, log, workers }: Configuration): Promise<void> {
  serveMetricsToWorkers();
  sayFlawOfWorkers();
  const logger = createLogger(log);
  const directory = createPrivateDirectory();
  if (directory === null)
    logger.warn(
      {},
      'no place for private sockets: Socket.IO clients that begin with polling can not connect; let TMPDIR be writable',
    );
  const environment = {
    [DIRECTORY]: directory ?? '',
    ...(keys.secret === undefined ? {} : { JWT_SECRET: keys.secret }),
  };
  exitWhenLogged(await runWorkers({ count: workers, environment, logger }));
}

async function runServer(configuration: Configuration): Promise<void> {
  setV8Flags();
  const logger = createLogger(configuration.log);
  const hasPages = existsSync(PAGES);
  const hasDashboard = existsSync(ADMIN);
  const starting = startServer({
    configuration,
    logger,
    neighbours: neighboursOf(logger),
    ...(hasPages ? { pagesDirectory: PAGES } : {}),
    ...(hasDashboard ? { adminDirectory: ADMIN } : {}),
  });
  // A signal may come while it still waits for Redis.
  const drain = async () => (await starting).drain();
  exitOnSignal({ drain, deadlineMs: configuration.drain.deadlineMs, logger });
  const server = await starting;
  const { issuer } = server.identity;
  const isFirst = cluster.isPrimary || cluster.worker?.id === 1;
  if (configuration.production || !issuer || !isFirst) return;
  // Who reads it may have gone; the server serves on, as it does when nobody reads its log.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stdout.write(await announce({ url: server.url, issuer, hasPages, hasDashboard }));
}

function neighboursOf(logger: Logger): Neighbours | undefined {
  const directory = process.env[DIRECTORY];
  if (!cluster.worker || !directory) return undefined;
  const id = String(cluster.worker.id);
  try {
    const neighbours = createNeighbours({ directory, id, logger });
    outlivePrimary(directory, id);
    return neighbours;
  } catch (error) {
    // Somebody removed it: better to serve all other clients than to end and end again.
    logger.error(
      { err: error },
      'the directory for private sockets is gone; restart, or some Socket.IO clients can not connect',
    );
    return undefined;
  }
}
