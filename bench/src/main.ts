import { parseArgs } from 'node:util';
import { measureRounds } from './measure/rounds.js';
import { profiling } from './measure/server-process.js';
import { WORKLOADS } from './workloads/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    short: { type: 'boolean' },
    json: { type: 'boolean' },
    'cpu-prof': { type: 'string' },
  },
});
profiling.directory = values['cpu-prof'];
const smoke = positionals[0] === 'smoke';
const size = smoke ? 'smoke' : values.short ? 'short' : 'full';
const rounds = Number(values.rounds ?? (smoke ? 1 : 5));
for (const workload of WORKLOADS) {
  if (!smoke && positionals.length > 0 && !positionals.includes(workload.name)) continue;
  await measureRounds(workload, { size, rounds, progress: (text) => process.stderr.write(`${text}\n`) });
}
