import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, EX_CONFIG } from './config/configuration-error.js';
import { readConfiguration } from './config/read-configuration.js';
import { createLogger } from './observability/logger.js';
import { announce } from './server/announce.js';
import { exitOnSignal } from './server/exit-on-signal.js';
import { startServer } from './server/start-server.js';

const PAGES = fileURLToPath(new URL('../../playground/dist', import.meta.url));

try {
  await run();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(EX_CONFIG);
}

async function run(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger(configuration.log);
  const hasPages = existsSync(PAGES);
  const server = await startServer({ configuration, logger, ...(hasPages ? { pagesDirectory: PAGES } : {}) });
  exitOnSignal(() => server.drain(), logger);
  const { issuer } = server.identity;
  if (!configuration.production && issuer) process.stdout.write(await announce({ url: server.url, issuer, hasPages }));
}
