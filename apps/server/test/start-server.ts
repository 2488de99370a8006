import { type Logger, pino } from 'pino';
import { readConfiguration } from '../src/config/read-configuration.js';
import { startServer } from '../src/server/start-server.js';
import { SECRET } from './start-api.js';

/** The whole server in this process, on ports that the system chooses. */
export async function startWholeServer(
  environment: Record<string, string> = {},
  logger: Logger = pino({ level: 'silent' }),
) {
  const configuration = readConfiguration({ PORT: '0', HOST: '127.0.0.1', JWT_SECRET: SECRET, ...environment });
  const server = await startServer({ configuration, logger });
  const tokenFor = async (userId: string, ...roles: string[]) => {
    const issued = await server.identity.issuer?.issue({ userId, roles });
    if (!issued) throw new Error('Without a secret nothing is issued.');
    return issued.token;
  };
  return {
    ...server,
    socketUrl: server.url.replace('http', 'ws'),
    tokenFor,
    async [Symbol.asyncDispose]() {
      await server.close();
    },
  };
}

/** For a request with JSON, as whom the token names. */
export const headersFor = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

export const isReady = async (url: string) => (await fetch(`${url}/readyz`)).status === 200;
