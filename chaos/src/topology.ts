import { randomBytes } from 'node:crypto';
import { type RedisServer, type SentinelTopology, startRedis, startSentinelTopology } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import { type Node, startNode } from './node.js';

/** What differs from the server as it is. */
export interface Build {
  /** Given to `node --import` of every server: mutants. */
  readonly imports?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface TopologyOptions extends Build {
  readonly nodes: number;
  /** @default 'single' */
  readonly store?: 'single' | 'sentinel';
  /** Where the load goes; a nemesis may harm one of them. @default none */
  readonly rooms?: readonly string[];
}

/** The first part of every key in this Redis. */
export const PREFIX = 'chaos';
const TEN_MINUTES_S = 600;

/** Real nodes and a real Redis that keeps its writes, all on this machine. */
export interface Topology extends AsyncDisposable {
  readonly nodes: readonly Node[];
  /** The only Redis; under Sentinel the first master. */
  readonly redis: RedisServer;
  readonly sentinel: SentinelTopology | undefined;
  readonly rooms: readonly string[];
  /** Through each node's fault proxy. */
  readonly urls: readonly string[];
  /** A token with role admin for a user of one's own. */
  token(userId: string): Promise<string>;
}

export async function startTopology(options: TopologyOptions): Promise<Topology> {
  const { nodes: count, imports = [], env = {}, rooms = [], store = 'single' } = options;
  const secret = randomBytes(32).toString('hex');
  const sentinel = store === 'sentinel' ? await startSentinelTopology() : undefined;
  const redis = sentinel?.servers[0] ?? (await startRedis({ appendonly: true }));
  const redisEnv = sentinel === undefined ? {} : { REDIS_URL: sentinel.url };
  const shared = { secret, redisPort: redis.port, prefix: PREFIX, imports };
  const nodes = await Promise.all(
    Array.from({ length: count }, () => startNode({ ...shared, env: { ...redisEnv, ...env } })),
  );
  return {
    nodes,
    redis,
    sentinel,
    rooms,
    urls: nodes.map(({ clients }) => `ws://127.0.0.1:${clients.port}/v1/connect`),
    token: (userId) =>
      new SignJWT({ roles: ['admin'] })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        // A node whose clock was set back must not take it for one of the future.
        .setIssuedAt(Math.floor(Date.now() / 1_000) - TEN_MINUTES_S)
        .setExpirationTime('2 hours')
        .sign(new TextEncoder().encode(secret)),
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
      await (sentinel ?? redis)[Symbol.asyncDispose]();
    },
  };
}
