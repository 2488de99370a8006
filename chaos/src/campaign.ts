import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type FinalLog,
  type HistoryEntry,
  judge,
  type Ledger,
  monotonicMicros,
  seededRandom,
} from '@trunkline/cli/verify';
import { Fleet } from './fleet.js';
import { NEMESES } from './nemeses/all-nemeses.js';
import type { Nemesis } from './nemeses/nemesis.js';
import { checkPresence } from './presence-truth.js';
import { checkRevocation } from './revocation-truth.js';
import { type Effect, effectsOf, gapsByReason, type Strike } from './strikes.js';
import { type Build, startTopology, type Topology } from './topology.js';

export interface CampaignOptions extends Build {
  readonly seed: number;
  readonly durationMs: number;
  /** One Redis behind fault proxies, or a master and a replica under three sentinels. @default 'single' */
  readonly store?: 'single' | 'sentinel';
  readonly nodes?: number;
  readonly clients?: number;
  readonly workers?: number;
  readonly rooms?: number;
  readonly rate?: number;
  /** @default all that the store allows */
  readonly nemeses?: readonly Nemesis[];
  /** From the end of one strike to the next one at least. @default 500 */
  readonly calmMs?: number;
  /** How long everybody may take to arrive once nothing is wrong any more. @default 60_000 */
  readonly settleMs?: number;
  say?(line: string): void;
}

export interface CampaignResult {
  readonly ledger: Ledger;
  readonly store: 'single' | 'sentinel';
  readonly seed: number;
  readonly durationMs: number;
  readonly nodes: number;
  readonly clients: number;
  readonly rooms: readonly string[];
  readonly effects: readonly Effect[];
  readonly gaps: ReadonlyMap<string, number>;
  readonly redisVersion: string;
  readonly history: readonly HistoryEntry[];
  /** What the servers printed: warnings and worse. */
  readonly output: string;
}

/** How long everybody may take to arrive once nothing is wrong any more. */
const SETTLE_MS = 60_000;
const CONTRACT = fileURLToPath(new URL('../dist/contract.js', import.meta.url));

/** Load, faults in random order, healing, quiet, a final read of every log, and the judge. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const {
    seed,
    durationMs,
    store = 'single',
    nodes = 3,
    clients = 40,
    workers = 4,
    rooms: roomCount = 5,
    rate = 6,
    nemeses = NEMESES[store],
    calmMs = 500,
    settleMs = SETTLE_MS,
    say = () => {},
  } = options;
  const random = seededRandom(seed);
  const rooms = Array.from({ length: roomCount }, (_, index) => `${index === 0 ? 'brief' : 'verify'}:chaos-${index}`);
  await using topology = await startTopology({
    nodes,
    store,
    rooms,
    ...(options.imports ? { imports: options.imports } : {}),
    env: { CONTRACT_FILE: CONTRACT, ...options.env },
  });
  const names = Array.from({ length: clients }, (_, index) => `c${index}`);
  const tokens = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await topology.token(name)] as const)),
  );
  await using fleet = new Fleet(
    { workers, rooms, urls: topology.urls, tokens, seed, rate, restless: true },
    new URL('../dist/worker.js', import.meta.url),
  );
  await fleet.ready();
  say(`${nodes} nodes, ${store} Redis, ${clients} clients in ${workers} workers, ${roomCount} rooms, seed ${seed}`);
  fleet.order({ type: 'publish' });
  const strikes = await harm(topology, nemeses, { until: Date.now() + durationMs, calmMs, random, say });
  fleet.order({ type: 'quiet' });
  const logs = await arrive(fleet, say, settleMs);
  const { members } = await fleet.status();
  const history = [...fleet.history];
  const after = [...(await checkPresence(topology, members)), ...(await checkRevocation(topology))];
  await fleet.close();
  const version = /redis_version:(\S+)/.exec(String(await topology.redis.command('INFO', 'server')))?.[1] ?? 'unknown';
  const ledger = judge(history, logs);
  return {
    ledger: { ...ledger, findings: [...ledger.findings, ...after] },
    ...{ store, seed, durationMs, nodes, clients, rooms },
    effects: effectsOf(strikes, history),
    gaps: gapsByReason(history),
    redisVersion: version,
    history,
    output: topology.nodes.map((node) => node.output()).join('\n'),
  };
}

async function harm(
  topology: Topology,
  nemeses: readonly Nemesis[],
  {
    until,
    calmMs,
    random,
    say,
  }: { readonly until: number; readonly calmMs: number; readonly random: () => number; say(line: string): void },
): Promise<readonly Strike[]> {
  const strikes: Strike[] = [];
  let deck: Nemesis[] = [];
  await delay(1_000);
  while (Date.now() < until && nemeses.length > 0) {
    if (deck.length === 0) deck = shuffled(nemeses, random);
    const nemesis = deck.pop();
    if (nemesis === undefined) break;
    say(`  ${nemesis.name}`);
    const startedAt = monotonicMicros();
    await nemesis.run(topology, random);
    strikes.push({ nemesis: nemesis.name, cuts: nemesis.cuts ?? false, startedAt });
    await delay(calmMs + random() * 1_500);
  }
  await delay(Math.max(0, until - Date.now()));
  return strikes;
}

/** Waits until every publish is settled and every member stands at its log's head; then the logs are final. */
export async function arrive(
  fleet: Fleet,
  say: (line: string) => void,
  settleMs: number = SETTLE_MS,
): Promise<readonly FinalLog[]> {
  const deadline = Date.now() + settleMs;
  for (;;) {
    const { pending, positions, waiting } = await fleet.status();
    const logs = pending === 0 ? await fleet.logs() : [];
    const heads = new Map(logs.map(({ room, position }) => [room, `${room} ${position.epoch} ${position.offset}`]));
    const late = positions.filter((position) => heads.get(position.split(' ')[0] ?? '') !== position).length;
    if (pending === 0 && logs.length > 0 && late === 0) return logs;
    if (Date.now() > deadline) {
      say(`  not settled: ${pending} publishes, ${late} memberships\n${waiting.slice(0, 5).join('\n')}`);
      return logs.length > 0 ? logs : fleet.logs();
    }
    await delay(1_000);
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    const [a, b] = [result[index], result[other]];
    if (a !== undefined && b !== undefined) [result[index], result[other]] = [b, a];
  }
  return result;
}
