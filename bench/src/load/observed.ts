import { cpuMicros } from '../measure/process-usage.js';
import { quantile } from '../measure/statistics.js';
import type { Sample } from '../workloads/workload.js';
import type { Meter } from './meter.js';
import type { Target } from './target.js';

const PATIENCE_MS = 120_000;

/** What the server spent while the work was done: CPU per operation, the load generator's own beside it, and latencies. */
export async function observed(
  target: Target,
  meter: Meter,
  operations: number,
  work: () => Promise<unknown>,
): Promise<Sample> {
  meter.takeLatencies();
  const startedAt = performance.now();
  const serverBefore = cpuMicros(target.pid);
  const loadBefore = process.cpuUsage();
  await inTime(work(), meter);
  const load = process.cpuUsage(loadBefore);
  const cpu = cpuMicros(target.pid) - serverBefore;
  const latencies = meter.takeLatencies();
  return {
    cpuMicros: cpu / operations,
    loadMicros: (load.user + load.system) / operations,
    seconds: (performance.now() - startedAt) / 1_000,
    operations,
    ...(latencies.length === 0 ? {} : { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }),
  };
}

/** A message that never arrives must end the run, not hang it. */
export async function inTime<T>(work: Promise<T>, meter: Meter): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Not everything arrived: ${meter.deliveries} deliveries.`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late, meter.failed]);
  } finally {
    clearTimeout(timer);
  }
}
