import type { HistoryEntry } from '@trunkline/cli/verify';
import { expect, it } from 'vitest';
import { NEMESES } from '../src/nemeses/all-nemeses.js';
import { effectsOf, gapsByReason } from '../src/strikes.js';

const SECOND = 1_000_000;
const strikes = [
  { nemesis: 'cut', cuts: true, startedAt: 10 * SECOND },
  { nemesis: 'pause', cuts: false, startedAt: 20 * SECOND },
];
const resumed = (at: number, durationMs: number, openMs: number): HistoryEntry => ({
  ...{ type: 'resumed', at: at * SECOND, client: 'c', durationMs, openMs },
});

it('puts a resume down to what struck when the connection was lost, not when it was back', () => {
  const [cut, pause] = effectsOf(strikes, [
    resumed(11, 400, 9_000),
    resumed(25, 14_000, 1_000),
    resumed(26, 2_000, 6_000),
  ]);
  expect(cut).toMatchObject({ nemesis: 'cut', awayMs: [400, 14_000], calmAwayMs: [400], hurriedAwayMs: [14_000] });
  expect(pause).toMatchObject({ nemesis: 'pause', awayMs: [2_000] });
});

it('counts what follows a strike until the next one, and nothing before the first', () => {
  const unknown = (at: number): HistoryEntry => ({ type: 'unknown', at: at * SECOND, uid: 'u' });
  const [cut, pause] = effectsOf(strikes, [unknown(9), unknown(10), unknown(19), unknown(20)]);
  expect([cut?.unknown, pause?.unknown]).toEqual([2, 1]);
});

it('counts told gaps by their reason', () => {
  const gap = (reason: 'trimmed' | 'rewound'): HistoryEntry => ({
    ...{ type: 'gap', at: 1, client: 'c', room: 'r:1', reason, position: { epoch: 'e', offset: 1, lastId: 'i' } },
  });
  expect([...gapsByReason([gap('trimmed'), gap('rewound'), gap('trimmed')])]).toEqual([
    ['trimmed', 2],
    ['rewound', 1],
  ]);
});

it.each(['single', 'sentinel'] as const)(
  'knows each nemesis of a %s Redis by a name that a list can carry',
  (store) => {
    const names = NEMESES[store].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.includes(','))).toEqual([]);
  },
);
