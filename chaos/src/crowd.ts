import type { HistoryEntry } from '@trunkline/cli/verify';
import { Fleet } from './fleet.js';
import { scrape } from './scrape.js';
import type { Topology } from './topology.js';

export interface CrowdOptions {
  /** What they connect to. */
  readonly port: number;
  readonly clients: number;
  /** Publishes a second of all clients together. */
  readonly publishesPerSecond: number;
}

/** Many clients of the SDK, in groups that share a room and a worker thread. */
export interface Crowd extends AsyncDisposable {
  readonly fleets: readonly Fleet[];
  history(): readonly HistoryEntry[];
  /** Workers hand over what they saw every 100 ms; this waits for all of it. */
  flush(): Promise<void>;
}

/** Everybody's coming and going is told to the others of the room. */
const GROUP = 50;

/** Resolves when everybody has joined. */
export async function startCrowd(topology: Topology, options: CrowdOptions): Promise<Crowd> {
  const { clients, port, publishesPerSecond } = options;
  const rate = publishesPerSecond / clients;
  const fleets: Fleet[] = [];
  const ready: Promise<unknown>[] = [];
  for (let first = 0; first < clients; first += GROUP) {
    const names = Array.from({ length: Math.min(GROUP, clients - first) }, (_, index) => `c${first + index}`);
    const tokens = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await topology.token(name)] as const)),
    );
    const rooms = [`verify:crowd-${fleets.length}`];
    const urls = [`ws://127.0.0.1:${port}/v1/connect`];
    const shared = { workers: 1, rooms, urls, tokens, seed: first, rate };
    const fleet = new Fleet(shared, new URL('../dist/worker.js', import.meta.url));
    fleets.push(fleet);
    // Asked at once: a fleet says it only once, perhaps before the last one is made.
    ready.push(fleet.ready());
  }
  await Promise.all(ready);
  return {
    fleets,
    history: () => fleets.flatMap(({ history }) => history),
    async flush() {
      await Promise.all(fleets.map((fleet) => fleet.status()));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(fleets.map((fleet) => fleet[Symbol.asyncDispose]()));
    },
  };
}

/** How many connections each running node has, asked one after the other. */
export async function countConnections(topology: Topology, nodes: readonly number[]): Promise<number> {
  let total = 0;
  for (const node of nodes) total += await scrape(topology, node, 'trunkline_connections');
  return total;
}
