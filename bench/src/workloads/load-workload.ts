import { startLoad } from '../load/load-thread.js';
import type { ServerName } from '../load/target.js';
import { bunBinary, startServer } from '../measure/server-process.js';
import { type Goal, type Metric, type Scenario, SERVERS, type Workload } from './workload.js';

export interface LoadWorkload extends Workload {
  readonly scenario: Scenario;
}

export interface LoadWorkloadParts {
  readonly name: string;
  readonly title: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly goals: readonly Goal[];
  /** @default all that can be run here */
  readonly contenders?: readonly ServerName[];
  readonly scenario: Scenario;
}

/** A workload of the usual kind: one server process, one thread of load. */
export function loadWorkload(parts: LoadWorkloadParts): LoadWorkload {
  const contenders = (parts.contenders ?? SERVERS).filter((name) => name !== 'bun' || bunBinary() !== null);
  return {
    ...parts,
    contenders,
    async open(contender, size) {
      const name = contenders.find((known) => known === contender);
      if (name === undefined) throw new Error(`${parts.name} does not measure ${contender}.`);
      const server = await startServer(name);
      const load = await startLoad({
        scenario: parts.name,
        target: { server: name, port: server.port, pid: server.pid },
        size,
      });
      return {
        round: () => load.round(),
        async close() {
          await load.close();
          await server.close();
        },
      };
    },
  };
}
