import { setTimeout as delay } from 'node:timers/promises';
import type { Node } from './node.js';
import type { Topology } from './topology.js';

/** One kind of harm: done, held for a while, and healed again before it resolves. */
export interface Nemesis {
  readonly name: string;
  run(topology: Topology, random: () => number): Promise<void>;
}

const between = (random: () => number, fromMs: number, toMs: number) => fromMs + random() * (toMs - fromMs);
const oneOf = ({ nodes }: Topology, random: () => number): Node => {
  const node = nodes[Math.floor(random() * nodes.length)];
  if (node === undefined) throw new RangeError('A topology has nodes.');
  return node;
};

/** RELIABILITY 3.3, as far as this machine can do it to processes of its own. */
export const NEMESES: readonly Nemesis[] = [
  {
    name: 'kill a node',
    async run(topology, random) {
      const node = oneOf(topology, random);
      await node.kill();
      await delay(between(random, 0, 3_000));
      await node.start();
    },
  },
  {
    name: 'pause a node',
    async run(topology, random) {
      const node = oneOf(topology, random);
      node.signal('SIGSTOP');
      await delay(between(random, 100, 6_000));
      node.signal('SIGCONT');
    },
  },
  {
    name: 'graceful drain',
    async run(topology, random) {
      const node = oneOf(topology, random);
      await node.drain();
      await node.start();
    },
  },
  {
    name: 'cut mid-frame',
    async run(topology, random) {
      for (let cuts = 0; cuts < 10; cuts++) {
        oneOf(topology, random).clients.cutAfter(random() < 0.5 ? 'up' : 'down', 1 + Math.floor(random() * 200));
        await delay(between(random, 50, 200));
      }
      for (const { clients } of topology.nodes) clients.heal();
    },
  },
  {
    name: 'lost acknowledgements',
    async run(topology, random) {
      const { clients } = oneOf(topology, random);
      clients.blackhole('down');
      await delay(between(random, 200, 1_000));
      clients.rstAll();
      clients.heal();
    },
  },
  {
    name: 'half-open clients',
    async run(topology, random) {
      const { clients } = oneOf(topology, random);
      clients.blackhole('both');
      await delay(between(random, 3_000, 8_000));
      clients.heal();
    },
  },
  {
    name: 'reset storm',
    async run(topology) {
      for (const { clients } of topology.nodes) clients.rstAll();
    },
  },
  {
    name: 'pub/sub kill',
    async run({ redis }) {
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
  },
  {
    name: 'reply swallowed',
    async run(topology, random) {
      oneOf(topology, random).redis.swallowReply(
        (request) => request.includes('EVALSHA') || request.includes('evalsha'),
      );
      await delay(1_000);
    },
  },
  {
    name: 'Redis reset',
    async run(topology, random) {
      oneOf(topology, random).redis.rstAll();
    },
  },
  {
    name: 'Redis pause',
    async run({ redis }, random) {
      redis.pause();
      await delay(between(random, 1_000, 8_000));
      redis.resume();
    },
  },
  {
    name: 'Redis refuses writes',
    async run({ redis }) {
      await redis.command('CLIENT', 'PAUSE', '3000', 'WRITE');
      await delay(3_200);
    },
  },
  {
    name: 'Redis kill and restart (AOF)',
    async run({ redis }, random) {
      await redis.kill();
      await delay(between(random, 0, 2_000));
      await redis.start();
    },
  },
  {
    name: 'partition of a node from Redis',
    async run(topology, random) {
      const { redis } = oneOf(topology, random);
      redis.blackhole('both');
      await delay(between(random, 2_000, 8_000));
      redis.heal();
    },
  },
  {
    name: 'Redis flushed',
    async run({ redis }) {
      await redis.command('FLUSHALL');
    },
  },
];

/** Those of a comma-separated list of names. @throws {RangeError} that names one it does not know */
export function nemesesNamed(names: string): readonly Nemesis[] {
  return names.split(',').map((text) => {
    const found = NEMESES.find(({ name }) => name === text.trim());
    if (found === undefined)
      throw new RangeError(`No nemesis "${text.trim()}". There are: ${NEMESES.map(({ name }) => name).join(', ')}.`);
    return found;
  });
}
