import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Workload } from '../workloads/workload.js';
import { comparisonChart, curveChart } from './chart.js';
import type { Machine } from './machine.js';
import type { Results } from './results-file.js';
import { resultTable } from './table.js';

const PAGE = new URL('../../docs/performance.md', import.meta.url);
const CHARTS = new URL('../../docs/performance/', import.meta.url);

/** Writes the generated sections of docs/performance.md, between their markers, and the charts beside it. */
export function writePage(workloads: readonly Workload[], { machine, results, curves, runs }: Results): void {
  mkdirSync(CHARTS, { recursive: true });
  writeFileSync(new URL('comparison.svg', CHARTS), comparisonChart(workloads, results));
  for (const [name, curve] of Object.entries(curves)) writeFileSync(new URL(`${name}.svg`, CHARTS), curveChart(curve));
  const sections: Readonly<Record<string, string>> = {
    machine: machineText(machine),
    table: resultTable(workloads, results),
    curves: Object.entries(curves)
      .map(([name, { title }]) => `![${title}](performance/${name}.svg)`)
      .join('\n\n'),
    runs: Object.values(runs)
      .map((lines) => lines.map((line) => `- ${line}`).join('\n'))
      .join('\n'),
  };
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, text] of Object.entries(sections)) page = replaceSection(page, name, text);
  writeFileSync(PAGE, page);
}

function replaceSection(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${start} … ${end}.`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}

export function machineText({ measuredAt, cpu, cores, memoryGb, kernel, versions }: Machine): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured ${measuredAt.slice(0, 10)} on ${cores} cores of ${cpu}, ${memoryGb} GB, Linux ${kernel}; ${programs.join(', ')}.`;
}
