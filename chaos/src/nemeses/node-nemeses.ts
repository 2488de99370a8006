import { setTimeout as delay } from 'node:timers/promises';
import { between, mostlyShort, type Nemesis, oneNode } from './nemesis.js';

const FIVE_MINUTES_MS = 300_000;

/** Harm to server processes. */
export const NODE_NEMESES: readonly Nemesis[] = [
  {
    name: 'kill a node',
    async run(topology, random) {
      const node = oneNode(topology, random);
      await node.kill();
      await delay(between(random, 0, 3_000));
      await node.start();
    },
  },
  {
    name: 'pause a node',
    async run(topology, random) {
      const node = oneNode(topology, random);
      node.signal('SIGSTOP');
      await delay(mostlyShort(random, 100, 20_000));
      node.signal('SIGCONT');
    },
  },
  {
    name: 'graceful drain',
    async run(topology, random) {
      const node = oneNode(topology, random);
      await node.drain();
      await node.start();
    },
  },
  {
    name: 'event loop stalled',
    async run(topology, random) {
      oneNode(topology, random).harm(`stall ${Math.round(between(random, 1_000, 3_000))}`);
      await delay(3_000);
    },
  },
  {
    name: 'clock five minutes off',
    async run(topology, random) {
      const node = oneNode(topology, random);
      node.harm(`clock ${random() < 0.5 ? -FIVE_MINUTES_MS : FIVE_MINUTES_MS}`);
      await delay(between(random, 2_000, 8_000));
      // Setting it right is a jump as well, the other way.
      node.harm('clock 0');
      await delay(1_000);
    },
  },
];
