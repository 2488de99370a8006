import type { HistoryEntry } from '@trunkline/cli/verify';
import { expect, it } from 'vitest';
import { describeRush } from '../src/rush.js';

const welcomes = (...timesMs: readonly number[]): HistoryEntry[] =>
  timesMs.map((ms) => ({ type: 'resumed', at: ms * 1_000, client: 'c', durationMs: 1, openMs: 1 }));

it('finds the fullest 100 ms wherever they begin, and the last welcome', () => {
  const history = [...welcomes(50, 190, 280, 900), { type: 'retry', at: 60_000, client: 'c' } as const];
  expect(describeRush(history, 0)).toEqual({ returned: 4, peakShare: 0.5, peakTries: 0.25, lastMs: 900 });
});

it('counts nobody who was back before', () => {
  expect(describeRush(welcomes(10, 99), 100_000)).toEqual({ returned: 0, peakShare: 0, peakTries: 0, lastMs: 0 });
});
