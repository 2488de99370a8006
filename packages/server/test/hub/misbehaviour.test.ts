import { expect, test } from 'vitest';
import { Misbehaviour } from '../../src/hub/misbehaviour.js';

test('offences count for ten seconds: who errs now and then is never closed', () => {
  const seldom = new Misbehaviour(3);
  expect([0, 11_000, 22_000, 33_000, 34_000].map((now) => seldom.add(now))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  const often = new Misbehaviour(3);
  expect([0, 5_000, 9_000].map((now) => often.add(now))).toEqual([false, false, true]);
});

test('the ten seconds begin with the first offence, however long the process has run', () => {
  const young = new Misbehaviour(2);
  expect([9_999, 10_001].map((now) => young.add(now))).toEqual([false, true]);
});
