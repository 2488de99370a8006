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

/** Reads the figures as `/metrics` would give them, labels added up. */
export async function readFigures(registry: Registry): Promise<Figures> {
  const metrics = new Map((await registry.getMetricsAsJSON()).map((metric) => [metric.name, metric.values]));
  const valuesOf = (name: string): readonly MetricValue[] => metrics.get(`trunkline_${name}`) ?? [];
  const sum = (name: string): number => valuesOf(name).reduce((total, { value }) => total + value, 0);
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
    eventLoopP99Ms: sum('nodejs_eventloop_lag_p99_seconds') * 1_000,
    cpuSeconds: sum('process_cpu_seconds_total'),
    memoryBytes: sum('process_resident_memory_bytes'),
  };
}

interface MetricValue {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
}
