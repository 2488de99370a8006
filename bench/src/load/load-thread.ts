import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Sample, Size, Trial } from '../workloads/workload.js';
import type { Target } from './target.js';

/** What a load thread is started with. */
export interface LoadOrder {
  /** A workload's name. */
  readonly scenario: string;
  readonly target: Target;
  readonly size: Size;
  /** A point of a curve: the scenario is then one of those. */
  readonly point?: number;
}

/** What a load thread says. */
export type LoadReport = { readonly ready: true } | { readonly sample: Sample } | { readonly failure: string };

/** Starts a thread of load; resolves when its clients are connected. */
export async function startLoad(order: LoadOrder): Promise<Trial> {
  const worker = new Worker(new URL('./load/worker.js', import.meta.url), { workerData: order });
  const next = async (): Promise<LoadReport> => {
    const [report] = (await once(worker, 'message')) as [LoadReport];
    if ('failure' in report) throw new Error(`${order.scenario}, ${order.target.server}: ${report.failure}`);
    return report;
  };
  await next();
  return {
    async round() {
      const report = next();
      worker.postMessage('round');
      const settled = await report;
      return 'sample' in settled ? settled.sample : {};
    },
    async close() {
      await worker.terminate();
    },
  };
}
