import type { Redis, RedisOptions } from 'ioredis';
import type { Logger } from '../../seams/logger.js';
import type { Observer } from '../../seams/observer.js';
import { createRedisConnection } from './redis-connection.js';
import { findObstacle, parseFacts, type RedisFacts } from './redis-facts.js';

export interface ServerWatchOptions {
  readonly options: RedisOptions;
  readonly name: string;
  readonly logger: Logger;
  readonly observer: Observer;
  /** The command connection; undefined while it may not be used. */
  commands(): Redis | undefined;
  /** Another process or another life of the same one answers now. `moved`: another process. */
  onChanged(moved: boolean): void;
  /** Why this server can not serve us; null when it can. */
  onObstacle(obstacle: string | null): void;
}

/** Knows which server answers, on a connection of its own, so that a busy or stuck command connection does not hide it. */
export interface ServerWatch {
  readonly facts: RedisFacts | undefined;
  /** How far its clock is ahead of ours, milliseconds. */
  readonly clockAheadMs: number;
  /** Looks at who answers on a fresh command connection. @returns what stands against using it */
  inspect(redis: Redis): Promise<string | null>;
  start(): void;
  reconnect(): void;
  close(): Promise<void>;
}

const INTERVAL_MS = 1_000;
const ANSWER_MS = 3_000;
const CLOCK_STEP_MS = 50;

export function createServerWatch({
  options,
  name,
  logger,
  observer,
  commands,
  onChanged,
  onObstacle,
}: ServerWatchOptions): ServerWatch {
  let facts: RedisFacts | undefined;
  let warnedPolicy = 'noeviction';
  let clockAheadMs = 0;
  let probing = false;
  let timer: NodeJS.Timeout | undefined;
  const connection = createRedisConnection({
    options,
    name,
    commandTimeoutMs: ANSWER_MS,
    observer,
    onReady: () => undefined,
    onLost: () => undefined,
  });

  function take(now: RedisFacts): string | null {
    const moved = facts !== undefined && facts.runId !== now.runId;
    const changed = moved || (facts !== undefined && facts.replicationId !== now.replicationId);
    facts = now;
    if (now.evictionPolicy !== '' && now.evictionPolicy !== warnedPolicy) {
      warnedPolicy = now.evictionPolicy;
      if (warnedPolicy !== 'noeviction') {
        logger.warn({ policy: warnedPolicy }, 'maxmemory-policy should be noeviction: Redis may drop rooms');
      }
    }
    const obstacle = findObstacle(now);
    onObstacle(obstacle);
    if (changed) {
      logger.warn({ runId: now.runId }, 'Redis is another process or life than before: every room is checked');
      onChanged(moved);
    }
    return obstacle;
  }

  async function ask(redis: Redis): Promise<RedisFacts> {
    const askedAt = Date.now();
    const answer = parseFacts(await redis.info());
    // Somewhere between the two; small differences are of no use and would make equal times differ.
    const ahead = answer.time - (askedAt + Date.now()) / 2;
    if (Math.abs(ahead - clockAheadMs) > CLOCK_STEP_MS) clockAheadMs = ahead;
    return answer;
  }

  async function probe(): Promise<void> {
    const redis = commands();
    if (probing || !connection.ready || redis === undefined) return;
    probing = true;
    try {
      const now = await ask(connection.redis);
      const same = now.runId === facts?.runId && now.replicationId === facts.replicationId;
      if (same) take(now);
      // Two opinions: what the command connection talks to counts.
      else if (take(await ask(redis)) === null && facts?.runId !== now.runId) connection.reconnect();
    } catch {
      // The canary watches the connections that matter.
    } finally {
      probing = false;
    }
  }

  return {
    get facts() {
      return facts;
    },
    get clockAheadMs() {
      return clockAheadMs;
    },
    inspect: async (redis) => take(await ask(redis)),
    start() {
      connection.open();
      timer = setInterval(() => void probe(), INTERVAL_MS);
    },
    reconnect: () => connection.reconnect(),
    async close() {
      clearInterval(timer);
      await connection.close();
    },
  };
}
