import type { Sample, Size, Trial, Workload } from '../workloads/workload.js';

/** The samples of one workload: by contender, by round. */
export interface Rounds {
  readonly workload: string;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

export interface RoundsOptions {
  readonly size: Size;
  readonly rounds: number;
  progress(text: string): void;
}

/** Measures the contenders in turn, A B C A B C, so that what the machine does meanwhile meets all of them. */
export async function measureRounds(workload: Workload, { size, rounds, progress }: RoundsOptions): Promise<Rounds> {
  const samples: Record<string, Sample[]> = {};
  const trials: { readonly contender: string; readonly trial: Trial }[] = [];
  try {
    const open = async (contender: string): Promise<void> => {
      progress(`${workload.name}: ${contender} …`);
      samples[contender] = [];
      trials.push({ contender, trial: await workload.open(contender, size) });
    };
    // Where nothing is measured the contenders may start together.
    if (size === 'smoke') await Promise.all(workload.contenders.map(open));
    else for (const contender of workload.contenders) await open(contender);
    for (let round = 1; round <= rounds; round++) {
      for (const { contender, trial } of trials) {
        const sample = await trial.round();
        samples[contender]?.push(sample);
        const shown = Object.entries(sample).map(([metric, value]) => `${metric} ${Number(value.toPrecision(4))}`);
        progress(`${workload.name} ${round}/${rounds}: ${contender.padEnd(10)} ${shown.join('  ')}`);
      }
    }
  } finally {
    for (const { trial } of trials) await trial.close();
  }
  return { workload: workload.name, samples };
}
