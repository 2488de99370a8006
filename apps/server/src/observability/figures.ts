import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';

/** The main figures of one process. Counters only rise; buckets are cumulative, by upper bound in seconds. */
export interface Figures {
  readonly connections: number;
  readonly opened: number;
  readonly publishes: number;
  readonly deliveries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly resumes: number;
  readonly gaps: number;
  readonly drops: number;
  readonly refusals: number;
  readonly ackBuckets: Buckets;
  readonly deliveryBuckets: Buckets;
  readonly canaryAgeSeconds: number;
  readonly eventLoopP99Ms: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}
type Buckets = readonly (readonly [le: number, count: number])[];

/** The delay is measured by timers of this length, which is no delay. */
const RESOLUTION_MS = 10;

/**
 * Reads the figures that `/metrics` has too, labels added up. The delay of the event loop is since the last reading, and
 * measured apart: that of `/metrics` is since the last scrape.
 */
export function createFiguresReader(registry: Registry): () => Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return async () => {
    const eventLoopP99Ms = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    delay.reset();
    return { ...(await readRegistry(registry)), eventLoopP99Ms };
  };
}

const READ = [
  'ack_seconds',
  'auth_failures_total',
  'bytes_received_total',
  'bytes_sent_total',
  'canary_age_seconds',
  'connections',
  'connections_opened_total',
  'deliveries_total',
  'delivery_seconds',
  'drops_total',
  'gaps_total',
  'limit_hits_total',
  'publishes_total',
  'refusals_total',
  'resumes_total',
];

async function readRegistry(registry: Registry): Promise<Omit<Figures, 'eventLoopP99Ms'>> {
  const metrics = new Map<string, readonly MetricValue[]>();
  for (const name of READ) {
    const metric = await registry.getSingleMetric(`trunkline_${name}`)?.get();
    metrics.set(name, metric?.values ?? []);
  }
  const valuesOf = (name: string): readonly MetricValue[] => metrics.get(name) ?? [];
  const sum = (name: string): number => valuesOf(name).reduce((total, { value }) => total + value, 0);
  const cpu = process.cpuUsage();
  const buckets = (name: string): Buckets =>
    valuesOf(name)
      .filter(({ metricName, labels }) => metricName?.endsWith('_bucket') && labels.le !== '+Inf')
      .map(({ labels, value }) => [Number(labels.le), value]);
  return {
    connections: sum('connections'),
    opened: sum('connections_opened_total'),
    publishes: sum('publishes_total'),
    deliveries: sum('deliveries_total'),
    bytesIn: sum('bytes_received_total'),
    bytesOut: sum('bytes_sent_total'),
    resumes: sum('resumes_total'),
    gaps: sum('gaps_total'),
    drops: sum('drops_total'),
    refusals: sum('refusals_total') + sum('auth_failures_total') + sum('limit_hits_total'),
    ackBuckets: buckets('ack_seconds'),
    deliveryBuckets: buckets('delivery_seconds'),
    canaryAgeSeconds: sum('canary_age_seconds'),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    memoryBytes: process.memoryUsage.rss(),
  };
}

interface MetricValue {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
}
