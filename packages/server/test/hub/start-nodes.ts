import { createId } from '@trunkline/protocol';
import { startRedis } from '@trunkline/testkit';
import { createRedisBackend, type RedisBackendOptions } from '../../src/broker/redis/redis-backend.js';
import type { HubLimits, HubOptions } from '../../src/hub/hub-api.js';
import type { Logger } from '../../src/seams/logger.js';
import { startHub } from './start-hub.js';

export interface NodeOptions {
  readonly url: string;
  readonly prefix: string;
  readonly limits?: Partial<HubLimits>;
  readonly backend?: Partial<RedisBackendOptions>;
  readonly heartbeat?: HubOptions['heartbeat'];
  /** Where the messages of its warnings go. @default nowhere */
  readonly warnings?: string[];
}

/** Often enough that a test need not wait for what comes with it. */
const OFTEN = { intervalMs: 1_000, timeoutMs: 10_000 };

/** One node of several: a hub whose rooms, rights and revocations are in Redis. */
export function startNode({ url, prefix, limits = {}, backend: more = {}, heartbeat = OFTEN, warnings }: NodeOptions) {
  const logger: Logger = {
    ...{ debug: () => undefined, info: () => undefined, error: () => undefined },
    warn: (_, message) => void warnings?.push(message),
  };
  const backend = createRedisBackend({ url, prefix, ...more });
  const { broker, directory, ledger, presence, revocations, roster } = backend;
  return startHub({
    ...{ broker, directory, heartbeat, ledger, limits, logger, presence, revocations, roster },
    sessionSecret: 'the-same-on-every-node-of-a-test',
  });
}

/** A prefix of its own, so that tests share one Redis. */
export const freshPrefix = (): string => createId().slice(0, 8);

/** Two nodes, `here` and `there`, on a Redis of their own. */
export async function startPair() {
  const redis = await startRedis();
  const prefix = freshPrefix();
  const here = await startNode({ url: redis.url, prefix });
  const there = await startNode({ url: redis.url, prefix });
  return {
    ...{ redis, prefix, here, there },
    async [Symbol.asyncDispose]() {
      for (const part of [there, here, redis]) await part[Symbol.asyncDispose]();
    },
  };
}
