import { burst } from './burst.js';
import { fanOut } from './fan-out.js';
import type { LoadWorkload } from './load-workload.js';
import { requestResponse } from './request-response.js';
import { roomsOfFour } from './rooms-of-four.js';
import { roomsOfFourPaced } from './rooms-of-four-paced.js';
import type { Scenario, Workload } from './workload.js';

const LOADS: readonly LoadWorkload[] = [fanOut, burst, roomsOfFour, roomsOfFourPaced, requestResponse];

/** Every row of the table, in its order. */
export const WORKLOADS: readonly Workload[] = LOADS;

/** What a load thread runs. */
export function scenarioOf(name: string): Scenario {
  const workload = LOADS.find((known) => known.name === name);
  if (workload === undefined) throw new Error(`There is no scenario ${name}.`);
  return workload.scenario;
}
