import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalDialect, createHub, createJwtAuthenticator, createRedisBackend } from '@trunkline/server';
import { createMetrics } from '../../../apps/server/src/observability/metrics.js';
import { setV8Flags } from '../../../apps/server/src/server/v8-flags.js';
import { benchContract } from './bench-contract.js';
import { otherFormats } from './other-formats.js';
import { JWT_SECRET } from './secret.js';
import { announce } from './serve.js';

/** The full server: tokens are verified, data is validated, durable events are logged, metrics are on. Only the limits are wider. */
setV8Flags();
const redisUrl = process.env.BENCH_REDIS_URL;
const { observer } = createMetrics();
const clients = { connectionsPerAddress: 100_000, connectsPerSecond: 100_000 };
const wide = { ...clients, messageBurst: 1e9, messagesPerSecond: 1e9, unacked: 100_000 };
const backend = redisUrl ? createRedisBackend({ url: redisUrl, observer }) : {};
const hub = createHub({
  ...backend,
  contract: benchContract,
  authenticator: createJwtAuthenticator({ secret: JWT_SECRET }),
  limits: process.env.BENCH_LIMITS === 'default' ? clients : wide,
  observer,
});
hub.handle('echo', (input) => input);
await hub.start();

const server = createServer();
hub.attach(server, [canonicalDialect(), ...otherFormats()]);
server.listen({ port: 0, host: '127.0.0.1', backlog: 8_192 }, () => announce((server.address() as AddressInfo).port));
