import type { Rounds } from '../measure/rounds.js';
import { type Spread, spreadOf } from '../measure/statistics.js';
import type { Goal, Workload } from '../workloads/workload.js';

/** One metric of one contender over all rounds. */
type Figures = Readonly<Record<string, Readonly<Record<string, Spread>>>>;

export interface Verdict {
  readonly goal: Goal;
  /** The ratio (paired within each round) or the absolute figure. */
  readonly found: Spread;
  readonly met: boolean;
}

/** A workload measured and judged: what `--json` prints and the page is made from. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  /** By contender, by metric. */
  readonly figures: Figures;
  readonly verdicts: readonly Verdict[];
}

export function judge(workload: Workload, { samples }: Rounds): Result {
  const [ours = ''] = workload.contenders;
  const figures: Record<string, Record<string, Spread>> = {};
  for (const [contender, list] of Object.entries(samples)) {
    const metrics = new Set(list.flatMap((sample) => Object.keys(sample)));
    figures[contender] = Object.fromEntries(
      [...metrics].map((metric) => [metric, spreadOf(valuesOf(samples, contender, metric))]),
    );
  }
  const verdicts = workload.goals
    .filter(({ against }) => against === undefined || samples[against] !== undefined)
    .map((goal): Verdict => {
      const values = valuesOf(samples, ours, goal.metric);
      const others = goal.against === undefined ? undefined : valuesOf(samples, goal.against, goal.metric);
      const found = spreadOf(
        others === undefined ? values : values.map((value, round) => value / (others[round] ?? Number.NaN)),
      );
      const met =
        found.median <= (goal.atMost ?? Number.POSITIVE_INFINITY) &&
        found.median >= (goal.atLeast ?? Number.NEGATIVE_INFINITY);
      return { goal, found, met };
    });
  const rounds = Math.max(0, ...Object.values(samples).map((list) => list.length));
  return { name: workload.name, title: workload.title, rounds, figures, verdicts };
}

function valuesOf(samples: Rounds['samples'], contender: string, metric: string): number[] {
  return (samples[contender] ?? []).map((sample) => sample[metric] ?? Number.NaN);
}
