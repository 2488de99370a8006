import { parentPort, workerData } from 'node:worker_threads';
import { CURVE_SCENARIOS } from '../curves/scenarios.js';
import { scenarioOf } from '../workloads/index.js';
import type { Trial } from '../workloads/workload.js';
import type { LoadOrder, LoadReport } from './load-thread.js';

const begin = ({ scenario, target, size, point }: LoadOrder): Promise<Trial> => {
  if (point === undefined) return scenarioOf(scenario)(target, size);
  const curve = Object.entries(CURVE_SCENARIOS).find(([name]) => name === scenario);
  if (curve === undefined) throw new Error(`There is no curve ${scenario}.`);
  return curve[1](target, point);
};

const order = workerData as LoadOrder;
const tell = (report: LoadReport): void => parentPort?.postMessage(report);
const fail = (error: unknown): void =>
  tell({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });

try {
  const trial = await begin(order);
  parentPort?.on('message', () => {
    trial.round().then((sample) => tell({ sample }), fail);
  });
  tell({ ready: true });
} catch (error) {
  fail(error);
}
