import { setTimeout as delay } from 'node:timers/promises';
import { judge, type Ledger, monotonicMicros } from '@trunkline/cli/verify';
import { eventually } from '@trunkline/testkit';
import { startBalancer } from './balancer.js';
import { arrive } from './campaign.js';
import { countConnections, startCrowd } from './crowd.js';
import { describeRush, MAX_PEAK_SHARE } from './rush.js';
import { startTopology } from './topology.js';

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
  const { publishesPerSecond } = options;
  await using crowd = await startCrowd(topology, { port: balancer.port, clients, publishesPerSecond });
  say(`${nodes} nodes, ${clients} clients in ${crowd.fleets.length} rooms, ${balancer.name}`);
  const count = () => countConnections(topology, [...topology.nodes.keys()]);
  for (const fleet of crowd.fleets) fleet.order({ type: 'publish' });

  const restarts: Restart[] = [];
  for (const node of topology.nodes) {
    await delay(PAUSE_MS);
    const started = monotonicMicros();
    const exitCode = await node.drain();
    await node.start();
    await eventually(async () => (await count()) === clients, { timeoutMs: RETURN_MS, everyMs: 250 }).catch(
      () => undefined,
    );
    await crowd.flush();
    const { returned: moved, peakShare } = describeRush(crowd.history(), started);
    restarts.push({ exitCode, moved, peakShare, durationMs: Math.round((monotonicMicros() - started) / 1_000) });
    say(`  ${restarts.length}. node: ${explainRestart(restarts.at(-1))}`);
  }

  for (const fleet of crowd.fleets) fleet.order({ type: 'quiet' });
  const logs = [];
  for (const fleet of crowd.fleets) logs.push(...(await arrive(fleet, say)));
  const back = await count();
  for (const fleet of crowd.fleets) await fleet.close();
  const ledger = judge(crowd.history(), logs);
  return { ledger, balancer: balancer.name, restarts, back, complaints: complaintsOf(ledger, restarts, back, clients) };
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
