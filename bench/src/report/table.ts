import type { Spread } from '../measure/statistics.js';
import type { Workload } from '../workloads/workload.js';
import type { Result, Verdict } from './judge.js';

/** The results as one Markdown table: a line a contender, goals beside ours. */
export function resultTable(workloads: readonly Workload[], results: readonly Result[]): string {
  const lines = ['| workload | contender | median (min – max) | goal | found |', '|---|---|---|---|---|'];
  for (const workload of workloads) {
    const result = results.find(({ name }) => name === workload.name);
    if (result === undefined) continue;
    for (const [index, contender] of workload.contenders.entries()) {
      const ours = index === 0;
      const cells = [
        ours ? `**${workload.title}**` : '',
        ours ? `**${contender}**` : contender,
        Object.entries(workload.metrics)
          .flatMap(([metric, shown]) => {
            const spread = result.figures[contender]?.[metric];
            return spread === undefined
              ? []
              : [`${shown.title} ${spreadText(spread, shown.digits)} ${shown.unit}`.trim()];
          })
          .join('<br>'),
        ours ? result.verdicts.map(goalText).join('<br>') : '',
        ours ? result.verdicts.map(foundText).join('<br>') : '',
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  return lines.join('\n');
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  const show = (value: number): string => value.toFixed(digits);
  return min === max ? show(median) : `${show(median)} (${show(min)} – ${show(max)})`;
}

function goalText({ goal }: Verdict): string {
  const bound = goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  return goal.against === undefined ? bound : `${bound} × ${goal.against}`;
}

function foundText({ goal, found, met }: Verdict): string {
  const digits = found.median < 10 ? 2 : 0;
  return `${met ? '✔' : '✘ miss:'} ${spreadText(found, digits)}${goal.against === undefined ? '' : ' ×'}`;
}
