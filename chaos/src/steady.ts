import { setTimeout as delay } from 'node:timers/promises';
import { type HistoryEntry, judge, type Ledger } from '@trunkline/cli/verify';
import { arrive } from './campaign.js';
import { Fleet } from './fleet.js';
import { scrape } from './scrape.js';
import { startTopology, type Topology } from './topology.js';

export interface SteadyOptions {
  readonly seconds: number;
  readonly nodes: number;
  /** In the busy rooms; a quarter as many more are in the quiet ones. */
  readonly clients: number;
  /** Publishes a second of all clients together. */
  readonly rate: number;
  readonly seed: number;
  say?(line: string): void;
}

/** Megabytes of resident memory of one node, at most in each half of the run. */
interface NodeMemory {
  readonly firstHalf: number;
  readonly secondHalf: number;
}

export interface SteadyResult extends Omit<SteadyOptions, 'say'> {
  readonly ledger: Ledger;
  readonly memory: readonly NodeMemory[];
  /** Told by the nodes, as they count them. */
  readonly gapsCounted: number;
  /** From the call to the acknowledgement, milliseconds, ascending. */
  readonly ackMs: readonly number[];
  /** From the call to the callback of each member, milliseconds, ascending. */
  readonly deliveryMs: readonly number[];
  /** What was promised and is not so; empty is good. */
  readonly complaints: readonly string[];
}

/** Before it the nodes still fill their caches and the compiler its own. */
const WARM_UP_MS = 60_000;
const SAMPLE_MS = 5_000;
/** From one half to the other. A heap takes its size in the first: V8 collects what is old when it is three times what survived. */
const MAX_GROWTH = 0.1;
const BUSY_ROOMS = ['verify:busy-0', 'verify:busy-1', 'verify:busy-2', 'verify:busy-3'];
/** One event in about 5 s each: just when a quiet room is compared with its log, so that the two race. */
const QUIET_ROOMS = Array.from({ length: 10 }, (_, index) => `verify:quiet-${index}`);
const QUIET_RATE = 2;

/** The everyday for so long, with nothing wrong: no gap may be told, and memory may not grow. */
export async function runSteady(options: SteadyOptions): Promise<SteadyResult> {
  const { seconds, nodes, clients, rate, seed, say = () => {} } = options;
  await using topology = await startTopology({
    nodes,
    env: { HEARTBEAT_INTERVAL_MS: '25000', HEARTBEAT_TIMEOUT_MS: '10000' },
  });
  await using busy = await startFleet(topology, { prefix: 'b', clients, rooms: BUSY_ROOMS, rate, seed });
  const few = Math.ceil(clients / 4);
  await using quiet = await startFleet(topology, {
    prefix: 'q',
    clients: few,
    rooms: QUIET_ROOMS,
    rate: QUIET_RATE,
    seed,
  });
  const fleets = [busy, quiet];
  say(
    `${nodes} nodes, ${clients} clients in busy rooms, ${few} in quiet ones, ${rate} publishes a second, seed ${seed}`,
  );
  for (const fleet of fleets) fleet.order({ type: 'publish' });
  await delay(WARM_UP_MS);
  say('warm');
  const memory = await watchMemory(topology, seconds * 1_000);
  for (const fleet of fleets) fleet.order({ type: 'quiet' });
  const logs = [];
  for (const fleet of fleets) logs.push(...(await arrive(fleet, say)));
  let gapsCounted = 0;
  for (const node of topology.nodes.keys()) gapsCounted += await scrape(topology, node, 'trunkline_gaps_total');
  for (const fleet of fleets) await fleet.close();
  const history = fleets.flatMap((fleet) => fleet.history);
  const ledger = judge(history, logs);
  const result = { seconds, nodes, clients, rate, seed, ledger, memory, gapsCounted, ...timesOf(history) };
  return { ...result, complaints: complaintsOf(result) };
}

interface FleetShape {
  readonly prefix: string;
  readonly clients: number;
  readonly rooms: readonly string[];
  readonly rate: number;
  readonly seed: number;
}

async function startFleet(topology: Topology, { prefix, clients, rooms, rate, seed }: FleetShape): Promise<Fleet> {
  const names = Array.from({ length: clients }, (_, index) => `${prefix}${index}`);
  const tokens = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await topology.token(name)] as const)),
  );
  const shared = { workers: 2, rooms, urls: topology.urls, tokens, seed, rate: rate / clients };
  const fleet = new Fleet(shared, new URL('../dist/worker.js', import.meta.url));
  await fleet.ready();
  return fleet;
}

async function watchMemory(topology: Topology, forMs: number): Promise<readonly NodeMemory[]> {
  const look = () =>
    Promise.all(
      [...topology.nodes.keys()].map(
        async (node) => (await scrape(topology, node, 'trunkline_process_resident_memory_bytes')) / 1_048_576,
      ),
    );
  const samples = [await look()];
  for (const end = performance.now() + forMs; performance.now() < end; ) {
    await delay(Math.min(SAMPLE_MS, Math.max(0, end - performance.now())));
    samples.push(await look());
  }
  return [...topology.nodes.keys()].map((node) => {
    const own = samples.map((sample) => sample[node] ?? 0);
    const half = Math.ceil(own.length / 2);
    return { firstHalf: Math.max(...own.slice(0, half)), secondHalf: Math.max(...own.slice(half)) };
  });
}

function timesOf(history: readonly HistoryEntry[]): Pick<SteadyResult, 'ackMs' | 'deliveryMs'> {
  const called = new Map<string, number>();
  const ackMs: number[] = [];
  const deliveryMs: number[] = [];
  for (const entry of history) if (entry.type === 'invoke') called.set(entry.uid, entry.at);
  for (const entry of history) {
    if (entry.type !== 'ok' && entry.type !== 'event') continue;
    const at = called.get(entry.uid);
    if (at !== undefined) (entry.type === 'ok' ? ackMs : deliveryMs).push((entry.at - at) / 1_000);
  }
  const ascending = (a: number, b: number) => a - b;
  return { ackMs: ackMs.sort(ascending), deliveryMs: deliveryMs.sort(ascending) };
}

export function complaintsOf({
  ledger,
  memory,
  gapsCounted,
}: Pick<SteadyResult, 'gapsCounted' | 'ledger' | 'memory'>): string[] {
  const complaints = ledger.findings.map(({ violation, room, detail }) => `${violation} in ${room}: ${detail}`);
  if (ledger.acknowledged === 0) complaints.push('nothing was acknowledged, so nothing was shown');
  if (ledger.reportedGaps + gapsCounted > 0)
    complaints.push(`${ledger.reportedGaps} gaps were told, ${gapsCounted} counted, and nothing was wrong`);
  memory.forEach(({ firstHalf, secondHalf }, node) => {
    if (secondHalf > firstHalf * (1 + MAX_GROWTH))
      complaints.push(`node ${node + 1} grew from ${firstHalf.toFixed(0)} to ${secondHalf.toFixed(0)} MB`);
  });
  return complaints;
}
