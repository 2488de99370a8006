import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type RedisServer, type SentinelTopology } from '@trunkline/testkit';
import type { Topology } from '../topology.js';
import { between, type Nemesis } from './nemesis.js';

const ELECTION_MS = 30_000;
const REPLICATION_MS = 60_000;

/** Harm that makes the sentinels choose another master. */
export const SENTINEL_NEMESES: readonly Nemesis[] = [
  {
    name: 'failover',
    run: (topology, random) =>
      failOver(topology, async (sentinel, master) => {
        await master.kill();
        await elected(sentinel, master);
        await delay(between(random, 0, 2_000));
        await master.start();
      }),
  },
  {
    name: 'failover to a replica that lags',
    run: (topology, random) =>
      failOver(topology, async (sentinel, master) => {
        const replicas = await sentinel.replicas();
        for (const replica of replicas) replica.pause();
        // Or the kernel would keep for them what they did not read.
        await master.command('CLIENT', 'KILL', 'TYPE', 'replica');
        await delay(between(random, 500, 1_500));
        await master.kill();
        for (const replica of replicas) replica.resume();
        await elected(sentinel, master);
        await master.start();
      }),
  },
  {
    // It comes back believing in itself, with clients that still talk to it.
    name: 'failover from a master that was paused',
    run: (topology) =>
      failOver(topology, async (sentinel, master) => {
        master.pause();
        await elected(sentinel, master);
        master.resume();
      }),
  },
];

type Harm = (sentinel: SentinelTopology, master: RedisServer) => Promise<void>;

/** Does the harm, then waits until the new master has its replica again: the next failover needs one. */
async function failOver({ sentinel }: Topology, harm: Harm): Promise<void> {
  if (sentinel === undefined) throw new TypeError('Only a topology of sentinels fails over.');
  await harm(sentinel, await sentinel.master());
  const isReplicated = async () => {
    const master = await sentinel.master();
    const replicas = sentinel.servers.filter((server) => server !== master);
    const reports = await Promise.all(replicas.map((replica) => replica.command('INFO', 'replication')));
    return reports.every(
      (report) =>
        String(report).includes('master_link_status:up') && String(report).includes(`master_port:${master.port}\r`),
    );
  };
  await eventually(isReplicated, { timeoutMs: REPLICATION_MS, everyMs: 200 });
}

async function elected(sentinel: SentinelTopology, old: RedisServer): Promise<void> {
  await eventually(async () => (await sentinel.master()) !== old, { timeoutMs: ELECTION_MS, everyMs: 100 });
}
