import { parentPort, workerData } from 'node:worker_threads';
import { scenarioOf } from '../workloads/index.js';
import type { LoadOrder, LoadReport } from './load-thread.js';

const order = workerData as LoadOrder;
const tell = (report: LoadReport): void => parentPort?.postMessage(report);
const fail = (error: unknown): void =>
  tell({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });

try {
  const trial = await scenarioOf(order.scenario)(order.target, order.size);
  parentPort?.on('message', () => {
    trial.round().then((sample) => tell({ sample }), fail);
  });
  tell({ ready: true });
} catch (error) {
  fail(error);
}
