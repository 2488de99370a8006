import type { Metric, Registry } from 'prom-client';

export interface DurationsOptions {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly registry: Registry;
}

/**
 * A histogram of durations for what happens with every message: counted here and handed over at each scrape.
 * prom-client's own `observe` makes objects and a key of all labels each time, which was a fortieth of a publish.
 */
export interface Durations {
  add(durationMs: number, value?: string): void;
}

const BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

interface Counts {
  /** By bound, not cumulated; the last is for all above. */
  readonly within: number[];
  count: number;
  /** Seconds. */
  sum: number;
}

export function createDurations({ name, help, label, registry }: DurationsOptions): Durations {
  const byValue = new Map<string, Counts>();
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [...byValue].flatMap(([value, counts]) =>
      samples(name, label === undefined ? {} : { [label]: value }, counts),
    ),
  });
  // What a registry needs of a metric; its type asks for all that prom-client's own classes have.
  registry.registerMetric({ name, help, get } as unknown as Metric);
  if (label === undefined) byValue.set('', noCounts());
  return {
    add(durationMs, value = '') {
      let counts = byValue.get(value);
      if (counts === undefined) {
        counts = noCounts();
        byValue.set(value, counts);
      }
      let bucket = 0;
      while (bucket < BOUNDS_MS.length && durationMs > (BOUNDS_MS[bucket] ?? 0)) bucket++;
      counts.within[bucket] = (counts.within[bucket] ?? 0) + 1;
      counts.count += 1;
      counts.sum += durationMs / 1_000;
    },
  };
}

function noCounts(): Counts {
  return { within: Array(BOUNDS_MS.length + 1).fill(0), count: 0, sum: 0 };
}

function samples(name: string, labels: Readonly<Record<string, string>>, { within, count, sum }: Counts) {
  let below = 0;
  const buckets = BOUNDS_MS.map((bound, index) => {
    below += within[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: bound / 1_000, ...labels }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
