import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Curve } from './chart.js';
import type { Result } from './judge.js';
import type { Machine } from './machine.js';

/** Everything measured last, kept beside the page so that one workload can be measured again without the others. */
export interface Results {
  readonly machine: Machine;
  readonly results: readonly Result[];
  readonly curves: Readonly<Record<string, Curve>>;
  /** Runs that are judged as a whole: leak, slow consumer. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
}

const RESULTS_FILE = new URL('../results.json', import.meta.url);

/** What was measured last; empty before anything was. */
export function readResults(): Partial<Results> {
  return existsSync(RESULTS_FILE) ? JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) : {};
}

/** Replaces what was measured anew and keeps the rest. */
export function mergeResults(machine: Machine, change: Partial<Results>): Results {
  const before = readResults();
  const fresh = new Set(change.results?.map(({ name }) => name));
  const merged: Results = {
    machine,
    results: [...(before.results ?? []).filter(({ name }) => !fresh.has(name)), ...(change.results ?? [])],
    curves: { ...before.curves, ...change.curves },
    runs: { ...before.runs, ...change.runs },
  };
  writeFileSync(RESULTS_FILE, `${JSON.stringify(merged, null, 1)}\n`);
  return merged;
}
