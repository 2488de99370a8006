import { setTimeout as delay } from 'node:timers/promises';
import { type HistoryEntry, judge, type Ledger, monotonicMicros } from '@trunkline/cli/verify';
import { eventually } from '@trunkline/testkit';
import { type Balancer, startBalancer } from './balancer.js';
import { arrive } from './campaign.js';
import { Fleet } from './fleet.js';
import { startTopology, type Topology } from './topology.js';

export interface RollingOptions {
  readonly nodes: number;
  readonly clients: number;
  readonly drainWindowMs: number;
  /** Publishes a second of all clients together. */
  readonly publishesPerSecond: number;
  say?(line: string): void;
}

/** One node's restart. */
export interface Restart {
  readonly exitCode: number | null;
  /** Clients that came back elsewhere. */
  readonly moved: number;
  /** The fullest 100 ms, as a share of `moved`. */
  readonly peakShare: number;
  readonly durationMs: number;
}

export interface RollingResult {
  readonly ledger: Ledger;
  readonly balancer: string;
  readonly restarts: readonly Restart[];
  /** Connected when all was over, as the servers count. */
  readonly back: number;
  /** What was promised and is not so; empty is good. */
  readonly complaints: readonly string[];
}

/** Clients that share a room and a worker thread: everybody's coming and going is told to the others. */
const GROUP = 50;
const BUCKET_MICROS = 100_000;
const MAX_PEAK_SHARE = 0.2;
/** How long all clients may take to be back after one node's restart. */
const RETURN_MS = 60_000;
/** Between two restarts, until the balancer has seen the node well twice; Kubernetes calls it minReadySeconds. */
const PAUSE_MS = 4_000;

/** Restarts every node in turn, behind a balancer and under load, and holds what clients saw against the promise. */
export async function runRolling(options: RollingOptions): Promise<RollingResult> {
  const { nodes, clients, drainWindowMs, say = () => {} } = options;
  await using topology = await startTopology({
    nodes,
    env: {
      DRAIN_WINDOW_MS: String(drainWindowMs),
      HEARTBEAT_INTERVAL_MS: '25000',
      HEARTBEAT_TIMEOUT_MS: '10000',
      MAX_CONNECTIONS_PER_ADDRESS: '100000',
    },
  });
  await using balancer = await startBalancer(topology.nodes.map(({ port }) => port));
  await using fleets = await startFleets(topology, balancer, options);
  say(`${nodes} nodes, ${clients} clients in ${fleets.all.length} rooms, ${balancer.name}`);
  const count = await connectionCounter(topology);
  for (const fleet of fleets.all) fleet.order({ type: 'publish' });

  const restarts: Restart[] = [];
  for (const node of topology.nodes) {
    await delay(PAUSE_MS);
    const started = monotonicMicros();
    const exitCode = await node.drain();
    await node.start();
    await eventually(async () => (await count()) === clients, { timeoutMs: RETURN_MS, everyMs: 250 }).catch(
      () => undefined,
    );
    // Workers hand over what they saw every 100 ms; asking flushes it.
    for (const fleet of fleets.all) await fleet.status();
    restarts.push(describeRestart(exitCode, started, fleets.history()));
    say(`  ${restarts.length}. node: ${explainRestart(restarts.at(-1))}`);
  }

  for (const fleet of fleets.all) fleet.order({ type: 'quiet' });
  const logs = [];
  for (const fleet of fleets.all) logs.push(...(await arrive(fleet, say)));
  const back = await count();
  for (const fleet of fleets.all) await fleet.close();
  const ledger = judge(fleets.history(), logs);
  return { ledger, balancer: balancer.name, restarts, back, complaints: complaintsOf(ledger, restarts, back, clients) };
}

async function startFleets(topology: Topology, balancer: Balancer, load: RollingOptions) {
  const { clients, publishesPerSecond } = load;
  const rate = publishesPerSecond / clients;
  const all: Fleet[] = [];
  const ready: Promise<unknown>[] = [];
  for (let first = 0; first < clients; first += GROUP) {
    const names = Array.from({ length: Math.min(GROUP, clients - first) }, (_, index) => `c${first + index}`);
    const tokens = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await topology.token(name)] as const)),
    );
    const rooms = [`verify:rolling-${all.length}`];
    const urls = [`ws://127.0.0.1:${balancer.port}/v1/connect`];
    const options = { workers: 1, rooms, urls, tokens, seed: first, rate };
    const fleet = new Fleet(options, new URL('../dist/worker.js', import.meta.url));
    all.push(fleet);
    // Asked at once: a fleet says it only once, perhaps before the last one is made.
    ready.push(fleet.ready());
  }
  await Promise.all(ready);
  return {
    all,
    history: () => all.flatMap(({ history }) => history),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((fleet) => fleet[Symbol.asyncDispose]()));
    },
  };
}

/** Asks the nodes, over HTTP, how many connections all of them have. */
async function connectionCounter(topology: Topology): Promise<() => Promise<number>> {
  const headers = { authorization: `Bearer ${await topology.token('counter')}` };
  const [node] = topology.nodes;
  return async () => {
    const answer = await fetch(`http://127.0.0.1:${node?.port}/websocket/connections?limit=1`, { headers });
    const { total } = (await answer.json()) as { total: number };
    return total;
  };
}

function describeRestart(exitCode: number | null, started: number, history: readonly HistoryEntry[]): Restart {
  const buckets = new Map<number, number>();
  let moved = 0;
  for (const { type, at } of history) {
    if (type !== 'resumed' || at < started) continue;
    const bucket = Math.floor(at / BUCKET_MICROS);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    moved += 1;
  }
  const peakShare = moved === 0 ? 0 : Math.max(...buckets.values()) / moved;
  return { exitCode, moved, peakShare, durationMs: Math.round((monotonicMicros() - started) / 1_000) };
}

export function explainRestart(restart: Restart | undefined): string {
  if (restart === undefined) return 'none';
  const { exitCode, moved, peakShare, durationMs } = restart;
  return `exit ${exitCode}, ${moved} clients moved, fullest 100 ms ${(peakShare * 100).toFixed(1)} %, ${durationMs} ms`;
}

function complaintsOf(ledger: Ledger, restarts: readonly Restart[], back: number, clients: number): string[] {
  const complaints = ledger.findings.map(({ violation, room, detail }) => `${violation} in ${room}: ${detail}`);
  if (ledger.acknowledged === 0) complaints.push('nothing was acknowledged, so nothing was shown');
  if (back !== clients) complaints.push(`${back} of ${clients} clients are back`);
  restarts.forEach(({ exitCode, moved, peakShare }, index) => {
    if (exitCode !== 0) complaints.push(`node ${index + 1} ended with status ${exitCode}`);
    if (moved === 0) complaints.push(`node ${index + 1} had no clients, so its restart showed nothing`);
    if (peakShare > MAX_PEAK_SHARE)
      complaints.push(`${(peakShare * 100).toFixed(1)} % of node ${index + 1}'s clients came back within 100 ms`);
  });
  return complaints;
}
