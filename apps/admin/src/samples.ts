import type { Buckets, NodeRow, Overview } from './api.js';

/** One moment of the charts, over all nodes; rates are per second since the sample before. */
export interface Sample {
  readonly at: number;
  readonly connections: number;
  readonly publishes: number;
  readonly deliveries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly gaps: number;
  readonly drops: number;
  readonly refusals: number;
  /** null: nothing happened. */
  readonly ackP50Ms: number | null;
  readonly ackP99Ms: number | null;
  readonly deliveryP50Ms: number | null;
  readonly deliveryP99Ms: number | null;
  readonly eventLoopMs: number;
  /** Cores in use. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

/** What changed between two answers. A node that is new or was started again begins at its second answer. */
export function sampleOf(before: Overview, now: Overview, at: number, elapsedMs: number): Sample {
  const earlier = new Map(before.nodes.map((node) => [node.nodeId, node]));
  const pairs = now.nodes.flatMap((node) => {
    const old = earlier.get(node.nodeId);
    return old ? [[old, node] as const] : [];
  });
  const seconds = elapsedMs / 1_000;
  const rate = (read: (node: NodeRow) => number) =>
    pairs.reduce((sum, [old, node]) => sum + Math.max(0, read(node) - read(old)), 0) / seconds;
  const quantiles = (read: (node: NodeRow) => Buckets) => {
    const grown = addUp(pairs.map(([old, node]) => grownBy(read(old), read(node))));
    return [quantileMs(grown, 0.5), quantileMs(grown, 0.99)] as const;
  };
  const [ackP50Ms, ackP99Ms] = quantiles(({ figures }) => figures.ackBuckets);
  const [deliveryP50Ms, deliveryP99Ms] = quantiles(({ figures }) => figures.deliveryBuckets);
  return {
    at,
    connections: now.connections ?? now.nodes.reduce((sum, { figures }) => sum + figures.connections, 0),
    publishes: rate(({ figures }) => figures.publishes),
    deliveries: rate(({ figures }) => figures.deliveries),
    bytesIn: rate(({ figures }) => figures.bytesIn),
    bytesOut: rate(({ figures }) => figures.bytesOut),
    gaps: rate(({ figures }) => figures.gaps),
    drops: rate(({ figures }) => figures.drops),
    refusals: rate(({ figures }) => figures.refusals),
    ackP50Ms,
    ackP99Ms,
    deliveryP50Ms,
    deliveryP99Ms,
    eventLoopMs: Math.max(0, ...now.nodes.map(({ figures }) => figures.eventLoopP99Ms)),
    cpu: rate(({ figures }) => figures.cpuSeconds),
    memoryBytes: now.nodes.reduce((sum, { figures }) => sum + figures.memoryBytes, 0),
  };
}

function grownBy(before: Buckets, now: Buckets): Buckets {
  const old = new Map(before);
  return now.map(([le, count]) => [le, Math.max(0, count - (old.get(le) ?? 0))]);
}

function addUp(all: readonly Buckets[]): Buckets {
  const sums = new Map<number, number>();
  for (const [le, count] of all.flat()) sums.set(le, (sums.get(le) ?? 0) + count);
  return [...sums].sort(([a], [b]) => a - b);
}

/** By linear interpolation within its bucket, as Prometheus does; null without observations. */
export function quantileMs(buckets: Buckets, share: number): number | null {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = total * share;
  let [floor, below] = [0, 0];
  for (const [le, count] of buckets) {
    if (count >= rank) {
      const within = count === below ? 1 : (rank - below) / (count - below);
      return (floor + (le - floor) * within) * 1_000;
    }
    [floor, below] = [le, count];
  }
  return floor * 1_000;
}
