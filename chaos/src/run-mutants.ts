import type { Ledger } from '@trunkline/cli/verify';
import { runCampaign } from './campaign.js';
import type { Mutant } from './mutants.js';
import { nemesesNamed } from './nemeses/all-nemeses.js';
import { APPLY_MUTANT, findPlace } from './server-build.js';
import type { Build } from './topology.js';

/** One run of a mutant, or of the server as it is. */
export interface MutantRun {
  /** null: the server as it is. */
  readonly mutant: string | null;
  readonly trial: string;
  /** What gave it away; null: nothing was wrong. */
  readonly found: string | null;
  readonly seconds: number;
}

interface Trial {
  readonly name: string;
  run(build: Build): Promise<string | null>;
}

const CAMPAIGN = {
  durationMs: 15_000,
  settleMs: 20_000,
  nodes: 2,
  clients: 8,
  workers: 2,
  rooms: 3,
  nemeses: nemesesNamed('cut mid-frame,lost acknowledgements,pub/sub kill,reply swallowed,Redis reset'),
} as const;

/**
 * Runs each mutant of our own server through the trial that must catch it, and the server as it is through the same
 * trials, where nothing may be found.
 *
 * @throws {Error} for a mutant that can't be made, and when a trial itself can't be run
 */
export async function runMutants(
  mutants: readonly Mutant[],
  { seed, say }: { readonly seed: number; say(line: string): void },
): Promise<readonly MutantRun[]> {
  for (const mutant of mutants) await findPlace(mutant);
  const runs: MutantRun[] = [];
  const run = async (mutant: string | null, trial: Trial, build: Build): Promise<void> => {
    const startedAt = performance.now();
    const found = await trial.run(build);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    runs.push({ mutant, trial: trial.name, found, seconds });
    say(`${mutant ?? 'as it is'} · ${trial.name} · ${found ?? 'nothing'} · ${seconds} s`);
  };
  const sound = new Map(mutants.map(({ caughtBy }) => soundTrial(caughtBy, seed)).map((trial) => [trial.name, trial]));
  for (const trial of sound.values()) await run(null, trial, {});
  for (const { name, caughtBy } of mutants)
    await run(name, mutantTrial(caughtBy, seed), { imports: [APPLY_MUTANT], env: { MUTANT: name } });
  return runs;
}

/** True when every mutant was caught and nothing was found without one. */
export function isProof(runs: readonly MutantRun[]): boolean {
  return runs.every(({ mutant, found }) => (mutant === null) === (found === null));
}

function soundTrial(caughtBy: Mutant['caughtBy'], seed: number): Trial {
  return 'scenario' in caughtBy ? caughtBy.scenario : campaign(seed, () => true);
}

function mutantTrial(caughtBy: Mutant['caughtBy'], seed: number): Trial {
  return 'scenario' in caughtBy ? caughtBy.scenario : campaign(seed, (violation) => violation === caughtBy.violation);
}

function campaign(seed: number, counts: (violation: string) => boolean): Trial {
  return {
    name: 'campaign',
    async run(build) {
      const { ledger } = await runCampaign({ ...CAMPAIGN, ...build, seed });
      return summary(ledger, counts);
    },
  };
}

function summary({ findings, acknowledged }: Ledger, counts: (violation: string) => boolean): string | null {
  const first = findings.find(({ violation }) => counts(violation));
  if (first === undefined) return null;
  const times = findings.filter(({ violation }) => violation === first.violation).length;
  return `${first.violation}, ${times} times in ${acknowledged} acknowledged`;
}
