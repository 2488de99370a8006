import { judge } from '@trunkline/cli/verify';
import { expect, it } from 'vitest';
import { complaintsOf } from '../src/steady.js';

const quiet = { ...judge([], []), acknowledged: 1_000 };
const complaintsAbout = (firstHalf: number, secondHalf: number) =>
  complaintsOf({ ledger: quiet, gapsCounted: 0, memory: [{ firstHalf, secondHalf }] });

it('tells memory that grows from one half to the other, and not a heap that found its size', () => {
  expect(complaintsAbout(129, 129)).toEqual([]);
  expect(complaintsAbout(129, 90)).toEqual([]);
  expect(complaintsAbout(100, 112)).toEqual(['node 1 grew from 100 to 112 MB']);
});

it('tells gaps that nodes counted, and a run that shows nothing', () => {
  expect(complaintsOf({ ledger: quiet, gapsCounted: 2, memory: [] })).toHaveLength(1);
  expect(complaintsOf({ ledger: judge([], []), gapsCounted: 0, memory: [] })).toHaveLength(1);
});
