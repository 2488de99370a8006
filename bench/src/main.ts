import { parseArgs } from 'node:util';
import { measureCurves } from './curves/curves.js';
import { measureRounds } from './measure/rounds.js';
import { profiling } from './measure/server-process.js';
import { judge, type Result } from './report/judge.js';
import { describeMachine } from './report/machine.js';
import { machineText, writePage } from './report/page.js';
import { mergeResults, readResults } from './report/results-file.js';
import { resultTable } from './report/table.js';
import { runAbuser } from './runs/abuser.js';
import { runLeak } from './runs/leak.js';
import { runSlowConsumer } from './runs/slow-consumer.js';
import { WORKLOADS } from './workloads/index.js';
import type { Size } from './workloads/workload.js';

const RUNS = { abuser: runAbuser, leak: runLeak, 'slow-consumer': runSlowConsumer } as const;

const USAGE = `bench [smoke | all | page | workload … | curves | abuser | leak | slow-consumer] [options]

  (nothing)      every workload
  smoke          every workload once, small; asserts that every message arrived and nothing about time
  all            every workload, the curves, the leak run and the slow-consumer run, and --write
  page           docs/performance.md anew from what was measured last
  curves         cost as work grows: members, payload, rooms, connections
  abuser         one client floods beside 200 others
  leak           five rounds of connects, joins, publishes and cuts
  slow-consumer  a tenth of a room stops reading

  --rounds n     rounds per contender (5), and of the abuser (7)
  --only a,b     these contenders alone
  --short        less work a round, for a machine that is busy
  --json         print the results as JSON
  --write        write docs/performance.md and its charts; what is not measured keeps its last figures
  --cpu-prof d   write a CPU profile of every server into directory d

Workloads: ${WORKLOADS.map(({ name }) => name).join(', ')}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'cpu-prof': { type: 'string' },
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    short: { type: 'boolean' },
    write: { type: 'boolean' },
  },
});
const smoke = positionals[0] === 'smoke';
const all = positionals[0] === 'all';
const names = smoke || all ? positionals.slice(1) : positionals;
const known = ['curves', 'page', ...Object.keys(RUNS), ...WORKLOADS.map(({ name }) => name)];
const unknown = names.find((name) => !known.includes(name));
if (values.help || unknown !== undefined) {
  process.stdout.write(unknown === undefined ? USAGE : `There is no ${unknown}.\n\n${USAGE}`);
  process.exit(unknown === undefined ? 0 : 64);
}

if (names.includes('page')) {
  const { machine, results, curves = {}, runs = {} } = readResults();
  if (machine === undefined || results === undefined) throw new Error('Nothing has been measured yet.');
  writePage(WORKLOADS, { machine, results, curves, runs });
  process.exit(0);
}

profiling.directory = values['cpu-prof'];
const size: Size = smoke ? 'smoke' : values.short ? 'short' : 'full';
const rounds = Math.max(1, Number(values.rounds ?? (smoke ? 1 : 5)));
const only = values.only?.split(',');
const progress = (text: string): void => void process.stderr.write(`${text}\n`);
const machine = describeMachine();
const results: Result[] = [];
for (const workload of WORKLOADS) {
  if (names.length > 0 && !names.includes(workload.name)) continue;
  const contenders = workload.contenders.filter((name) => only?.includes(name) ?? true);
  const narrowed = { ...workload, contenders };
  try {
    results.push(judge(narrowed, await measureRounds(narrowed, { size, rounds, progress })));
  } catch (error) {
    // Others took minutes, and are measured all the same.
    process.exitCode = 1;
    progress(`${workload.name} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const curves = all || names.includes('curves') ? await measureCurves(progress) : {};
const runs: Record<string, string[]> = {};
for (const [name, run] of Object.entries(RUNS)) {
  if (all || names.includes(name)) runs[name] = await run(progress, values.rounds === undefined ? undefined : rounds);
}

if (values.json) process.stdout.write(`${JSON.stringify({ machine, results, curves, runs }, null, 1)}\n`);
else {
  const lines = [machineText(machine), '', resultTable(WORKLOADS, results), ...Object.values(runs).flat()];
  process.stdout.write(`${lines.join('\n')}\n`);
}
if (values.write || all) writePage(WORKLOADS, mergeResults(machine, { results, curves, runs }));
