import { browserClient } from './browser-client.js';
import { burst } from './burst.js';
import { clientBundle } from './client-bundle.js';
import { dialects, oneFormat } from './dialects.js';
import { durablePublish } from './durable-publish.js';
import { fanOut } from './fan-out.js';
import { idle } from './idle.js';
import type { LoadWorkload } from './load-workload.js';
import { nodeWithoutMembers } from './node-without-members.js';
import { reconnectStorm } from './reconnect-storm.js';
import { requestResponse } from './request-response.js';
import { roomsOfFour } from './rooms-of-four.js';
import { roomsOfFourPaced } from './rooms-of-four-paced.js';
import { twoNodes } from './two-nodes.js';
import { validation } from './validation.js';
import type { Scenario, Workload } from './workload.js';

const LOADS: readonly LoadWorkload[] = [
  fanOut,
  burst,
  roomsOfFour,
  roomsOfFourPaced,
  requestResponse,
  idle,
  reconnectStorm,
  twoNodes,
  nodeWithoutMembers,
  durablePublish,
  dialects,
];

/** Every row of the table, in its order. */
export const WORKLOADS: readonly Workload[] = [...LOADS, validation, clientBundle, browserClient];

/** What a load thread runs. */
export function scenarioOf(name: string): Scenario {
  if (name === oneFormat.name) return oneFormat.scenario;
  const workload = LOADS.find((known) => known.name === name);
  if (workload === undefined) throw new Error(`There is no scenario ${name}.`);
  return workload.scenario;
}
