import { randomBytes } from 'node:crypto';
import { type RedisServer, startRedis } from '@trunkline/testkit';
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
}

/** The first part of every key in this Redis. */
export const PREFIX = 'chaos';

/** Real nodes and a real Redis that keeps its writes, all on this machine. */
export interface Topology extends AsyncDisposable {
  readonly nodes: readonly Node[];
  readonly redis: RedisServer;
  /** Through each node's fault proxy. */
  readonly urls: readonly string[];
  /** A token with role admin for a user of one's own. */
  token(userId: string): Promise<string>;
}

export async function startTopology({ nodes: count, imports, env }: TopologyOptions): Promise<Topology> {
  const secret = randomBytes(32).toString('hex');
  const redis = await startRedis({ appendonly: true });
  const options = {
    secret,
    redisPort: redis.port,
    prefix: PREFIX,
    ...(imports ? { imports } : {}),
    ...(env ? { env } : {}),
  };
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(options)));
  return {
    nodes,
    redis,
    urls: nodes.map(({ clients }) => `ws://127.0.0.1:${clients.port}/v1/connect`),
    token: (userId) =>
      new SignJWT({ roles: ['admin'] })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime('2 hours')
        .sign(new TextEncoder().encode(secret)),
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
      await redis[Symbol.asyncDispose]();
    },
  };
}
