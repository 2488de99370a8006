import { fileURLToPath } from 'node:url';
import { type SpawnedServer, spawnServer } from '@trunkline/testkit';
import { SECRET } from './run-cli.js';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));

/** The deployable in development, with our secret. */
export function startServer(env: Readonly<Record<string, string>> = {}): Promise<SpawnedServer> {
  return spawnServer({ main: MAIN, env: { NODE_ENV: 'development', LOG_LEVEL: 'warn', JWT_SECRET: SECRET, ...env } });
}
