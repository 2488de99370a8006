import { type RedisServer, startRedis } from '@trunkline/testkit';
import { startLoad } from '../load/load-thread.js';
import type { ServerName, Target } from '../load/target.js';
import { bunBinary, type ServerProcess, startServer } from '../measure/server-process.js';
import { type Goal, type Metric, type Scenario, SERVERS, type Workload } from './workload.js';

export interface LoadWorkload extends Workload {
  readonly scenario: Scenario;
}

export interface LoadWorkloadParts {
  readonly name: string;
  readonly title: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly goals: readonly Goal[];
  /** @default all that can be run here */
  readonly contenders?: readonly ServerName[];
  /** So many nodes with a Redis between them; the last one is measured, the others are its peers. @default one, without Redis */
  readonly nodes?: number;
  readonly scenario: Scenario;
}

/** A workload of the usual kind: one server process, one thread of load. */
export function loadWorkload(parts: LoadWorkloadParts): LoadWorkload {
  const contenders = (parts.contenders ?? SERVERS).filter((name) => name !== 'bun' || bunBinary() !== null);
  return {
    ...parts,
    contenders,
    async open(contender, size) {
      const name = contenders.find((known) => known === contender);
      if (name === undefined) throw new Error(`${parts.name} does not measure ${contender}.`);
      const cluster = await startCluster(name, parts.nodes);
      const load = await startLoad({ scenario: parts.name, target: cluster.target, size });
      return {
        round: () => load.round(),
        async close() {
          await load.close();
          await cluster.close();
        },
      };
    },
  };
}

interface Cluster {
  readonly target: Target;
  close(): Promise<void>;
}

async function startCluster(name: ServerName, nodes: number | undefined): Promise<Cluster> {
  const redis: RedisServer | undefined = nodes === undefined ? undefined : await startRedis();
  const servers: ServerProcess[] = [];
  for (let node = 0; node < (nodes ?? 1); node++)
    servers.push(await startServer(name, redis === undefined ? {} : { redisUrl: redis.url }));
  const targets = servers.map(({ server, port, pid }): Target => ({ server, port, pid }));
  const [target, ...peers] = targets.reverse();
  if (target === undefined) throw new Error('A cluster has a node.');
  return {
    target: { ...target, peers },
    async close() {
      for (const server of servers) await server.close();
      await redis?.[Symbol.asyncDispose]();
    },
  };
}
