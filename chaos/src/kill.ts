import { setTimeout as delay } from 'node:timers/promises';
import { judge, type Ledger, monotonicMicros } from '@trunkline/cli/verify';
import { eventually } from '@trunkline/testkit';
import { startBalancer } from './balancer.js';
import { arrive } from './campaign.js';
import { countConnections, startCrowd } from './crowd.js';
import { describeRush, MAX_PEAK_SHARE, type Rush } from './rush.js';
import { startTopology } from './topology.js';

export interface KillOptions {
  readonly nodes: number;
  /** Of the node that is killed; the others have as many each. */
  readonly clients: number;
  /** Publishes a second of all clients together. */
  readonly publishesPerSecond: number;
  say?(line: string): void;
}

export interface KillResult extends Rush {
  readonly nodes: number;
  readonly balancer: string;
  /** Connections of the node when it was killed. */
  readonly killed: number;
  readonly ledger: Ledger;
  /** What was promised and is not so; empty is good. */
  readonly complaints: readonly string[];
}

const HEARTBEAT_MS = 3_000;
const RETURN_MS = 5_000;
/** How long the run waits for stragglers before it counts them as lost. */
const PATIENCE_MS = 60_000;
const HEARD_MS = 5_000;

/** Kills one of several nodes with SIGKILL, under load and behind a balancer, and times how its clients come back. */
export async function runKill({
  nodes,
  clients,
  publishesPerSecond,
  say = () => {},
}: KillOptions): Promise<KillResult> {
  await using topology = await startTopology({
    nodes,
    env: {
      HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
      HEARTBEAT_TIMEOUT_MS: '10000',
      MAX_CONNECTIONS_PER_ADDRESS: '100000',
    },
  });
  await using balancer = await startBalancer(topology.nodes.map(({ port }) => port));
  const load = { port: balancer.port, clients: clients * nodes, publishesPerSecond };
  await using crowd = await startCrowd(topology, load);
  for (const fleet of crowd.fleets) fleet.order({ type: 'publish' });
  // Two rounds of pings: from here on it is the everyday.
  await delay(2 * HEARTBEAT_MS);
  const killed = await countConnections(topology, [0]);
  say(`${nodes} nodes, ${clients * nodes} clients, ${killed} of them on the first, ${balancer.name}`);
  const killedAt = monotonicMicros();
  await topology.nodes[0]?.kill();
  const survivors = Array.from({ length: nodes - 1 }, (_, index) => index + 1);
  const isBack = async () => (await countConnections(topology, survivors)) >= clients * nodes;
  await eventually(isBack, { timeoutMs: PATIENCE_MS, everyMs: 250 }).catch(() => undefined);
  // A node counts a connection before its client has heard of it.
  const haveHeard = async () => {
    await crowd.flush();
    return describeRush(crowd.history(), killedAt).returned >= killed;
  };
  await eventually(haveHeard, { timeoutMs: HEARD_MS, everyMs: 250 }).catch(() => undefined);
  const rush = describeRush(crowd.history(), killedAt);
  for (const fleet of crowd.fleets) fleet.order({ type: 'quiet' });
  const logs = [];
  for (const fleet of crowd.fleets) logs.push(...(await arrive(fleet, say)));
  for (const fleet of crowd.fleets) await fleet.close();
  const ledger = judge(crowd.history(), logs);
  const result = { ...rush, nodes, balancer: balancer.name, killed, ledger };
  return { ...result, complaints: complaintsOf(result) };
}

function complaintsOf({ killed, returned, peakTries, lastMs, ledger }: Omit<KillResult, 'complaints'>): string[] {
  const complaints = ledger.findings.map(({ violation, room, detail }) => `${violation} in ${room}: ${detail}`);
  if (ledger.acknowledged === 0) complaints.push('nothing was acknowledged, so nothing was shown');
  if (returned !== killed) complaints.push(`${returned} of ${killed} clients came back`);
  if (lastMs > RETURN_MS) complaints.push(`the last client was back after ${lastMs} ms`);
  // Welcomes come as fast as the machine makes them; what spreads a herd is when it knocks.
  if (peakTries > MAX_PEAK_SHARE)
    complaints.push(`${(peakTries * 100).toFixed(1)} % of the clients tried to connect within 100 ms`);
  return complaints;
}
