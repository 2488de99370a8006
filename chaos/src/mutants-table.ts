import type { MutantRun } from './run-mutants.js';

/** The table that the reliability document shows: mutants first, then the server as it is. */
export function mutantsTable(runs: readonly MutantRun[], seed: number): string {
  const mutants = runs.filter(({ mutant }) => mutant !== null);
  const caught = mutants.filter(({ found }) => found !== null).length;
  const alarms = runs.filter(({ mutant, found }) => mutant === null && found !== null).length;
  const sorted = [...mutants, ...runs.filter(({ mutant }) => mutant === null)];
  return [
    `seed ${seed} · Node ${process.version} · ${caught} of ${mutants.length} mutants caught · ${alarms} false alarms`,
    '',
    '| mutant | caught by | found | seconds |',
    '|---|---|---|---|',
    ...sorted.map(
      ({ mutant, trial, found, seconds }) =>
        `| ${mutant ?? '(none)'} | ${trial} | ${found ?? (mutant === null ? 'nothing' : 'NOTHING: not caught')} | ${seconds} |`,
    ),
  ].join('\n');
}
