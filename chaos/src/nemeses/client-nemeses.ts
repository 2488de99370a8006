import { setTimeout as delay } from 'node:timers/promises';
import { between, mostlyShort, type Nemesis, oneNode } from './nemesis.js';

/** Harm to what lies between clients and nodes. */
export const CLIENT_NEMESES: readonly Nemesis[] = [
  {
    name: 'cut mid-frame',
    cuts: true,
    async run(topology, random) {
      for (let cuts = 0; cuts < 10; cuts++) {
        oneNode(topology, random).clients.cutAfter(random() < 0.5 ? 'up' : 'down', 1 + Math.floor(random() * 200));
        await delay(between(random, 50, 200));
      }
      for (const { clients } of topology.nodes) clients.heal();
    },
  },
  {
    name: 'lost acknowledgements',
    cuts: true,
    async run(topology, random) {
      const { clients } = oneNode(topology, random);
      clients.blackhole('down');
      await delay(between(random, 200, 1_000));
      clients.rstAll();
      clients.heal();
    },
  },
  {
    name: 'reset storm',
    cuts: true,
    async run(topology) {
      for (const { clients } of topology.nodes) clients.rstAll();
    },
  },
  {
    name: 'half-open clients',
    async run(topology, random) {
      const { clients } = oneNode(topology, random);
      clients.blackhole('both');
      await delay(mostlyShort(random, 3_000, 30_000));
      clients.heal();
    },
  },
  {
    // The room with the short history moves on by more than it keeps before these clients know that they are alone.
    name: 'outage beyond the history',
    async run(topology, random) {
      const { clients } = oneNode(topology, random);
      clients.blackhole('down');
      await delay(between(random, 4_000, 6_000));
      clients.rstAll();
      clients.heal();
    },
  },
];
