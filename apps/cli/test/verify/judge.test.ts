import { describe, expect, test } from 'vitest';
import { type FinalLog, type HistoryEntry, judge } from '../../src/verify/index.js';

const ROOM = 'verify:1';
const position = (offset: number, epoch = 'e1') => ({ epoch, offset, lastId: offset === 0 ? '' : `id${offset}` });
let now = 0;
const at = () => ++now;
const start = (client: string): HistoryEntry => ({
  type: 'start',
  at: at(),
  client,
  room: ROOM,
  position: position(0),
});
const invoke = (seq: number, client = 'a'): HistoryEntry => ({
  type: 'invoke',
  at: at(),
  client,
  room: ROOM,
  uid: `${client}/${seq}`,
  seq,
});
const ok = (seq: number, offset: number, client = 'a', epoch = 'e1'): HistoryEntry => ({
  type: 'ok',
  at: at(),
  uid: `${client}/${seq}`,
  eventId: `id${offset}`,
  epoch,
  offset,
});
const event = (uid: string, offset: number, over: Partial<HistoryEntry & { type: 'event' }> = {}): HistoryEntry => ({
  type: 'event',
  at: at(),
  client: 'b',
  room: ROOM,
  uid,
  eventId: `id${offset}`,
  epoch: 'e1',
  offset,
  intended: ROOM,
  ...over,
});
const log = (uids: readonly string[], over: Partial<FinalLog> = {}): FinalLog => ({
  room: ROOM,
  position: position(uids.length),
  trimmedOffset: 0,
  entries: uids.map((uid, index) => ({ offset: index + 1, eventId: `id${index + 1}`, uid })),
  ...over,
});
const violations = (history: HistoryEntry[], ...logs: FinalLog[]) =>
  [...new Set(judge(history, logs).findings.map(({ violation }) => violation))].sort();

describe('the checker', () => {
  test('passes a clean history', () => {
    const history = [start('b'), invoke(1), ok(1, 1), event('a/1', 1), invoke(2), event('a/2', 2), ok(2, 2)];
    expect(judge(history, [log(['a/1', 'a/2'])])).toMatchObject({
      findings: [],
      published: 2,
      acknowledged: 2,
      delivered: 2,
      lost: 0,
      reportedGaps: 0,
    });
  });

  test('passes a gap that was told', () => {
    const history: HistoryEntry[] = [
      start('b'),
      invoke(1),
      ok(1, 1),
      invoke(2),
      ok(2, 2),
      { type: 'gap', at: at(), client: 'b', room: ROOM, reason: 'trimmed', position: position(1) },
      event('a/2', 2),
    ];
    expect(judge(history, [log(['a/1', 'a/2'])])).toMatchObject({ findings: [], reportedGaps: 1 });
  });

  test('passes offsets used again by a store that lost its last writes, once that was told', () => {
    const history: HistoryEntry[] = [
      start('b'),
      ...[invoke(1), ok(1, 1), invoke(2), ok(2, 2), invoke(3), ok(3, 3)],
      ...[event('a/1', 1), event('a/2', 2), event('a/3', 3)],
      // The last two are lost; another takes the place of the second before anybody looks.
      ...[invoke(4), ok(4, 2)],
      { type: 'gap', at: at(), client: 'b', room: ROOM, reason: 'rewound', position: position(2, 'e2') },
    ];
    const final = log(['a/1', 'a/4'], { position: position(2, 'e2') });
    expect(judge(history, [final]).findings).toEqual([]);
    expect(violations(history.slice(0, -1), { ...final, position: position(2) })).toContain('publisher-order');
    const swapped = log(['a/4', 'a/2', 'a/3'], { position: position(3, 'e2') });
    expect(violations(history, swapped)).toContain('publisher-order');
  });

  test('passes places that two masters used at once, where each who saw them was told of their end', () => {
    const told = (client: string, reason: 'rewound' | 'epoch_changed'): HistoryEntry => ({
      ...{ type: 'gap', at: at(), client, room: ROOM, reason, position: position(1, 'e2') },
    });
    const split = [
      ...[start('b'), start('c'), invoke(1), invoke(2)],
      ...[event('a/1', 1, { eventId: 'old' }), event('a/2', 1, { client: 'c', eventId: 'new' })],
    ];
    const final = log(['a/2'], { position: position(1, 'e2'), entries: [{ offset: 1, eventId: 'new', uid: 'a/2' }] });
    const ends = [told('b', 'rewound'), told('c', 'epoch_changed')];
    const settled: HistoryEntry[] = [1, 2].map((seq) => ({ type: 'unknown', at: at(), uid: `a/${seq}` }));
    expect(judge([...split, ...ends, ...settled], [final]).findings).toEqual([]);
    expect(violations([...split, ...ends.slice(0, 1), ...settled], final)).toContain('divergent-order');
    const untold = [told('b', 'epoch_changed'), told('c', 'epoch_changed')];
    expect(violations([...split, ...untold, ...settled], final)).toEqual(['divergent-order']);
  });

  test('does not want an event shown again that the next epoch repeats', () => {
    const history: HistoryEntry[] = [
      start('b'),
      ...[invoke(1), event('a/1', 1, { eventId: 'shown' })],
      { type: 'gap', at: at(), client: 'b', room: ROOM, reason: 'epoch_changed', position: position(0, 'e2') },
      ...[ok(1, 1, 'a', 'e2'), invoke(2), ok(2, 2, 'a', 'e2'), event('a/2', 2, { epoch: 'e2' })],
    ];
    const final = (eventId: string) =>
      log(['a/1', 'a/2'], {
        position: position(2, 'e2'),
        entries: [
          { offset: 1, eventId, uid: 'a/1' },
          { offset: 2, eventId: 'id2', uid: 'a/2' },
        ],
      });
    expect(judge(history, [final('shown')]).findings).toEqual([]);
    expect(violations(history, final('another'))).toEqual(['silent-gap']);
    const unsettled = history.map(
      (entry): HistoryEntry =>
        entry.type === 'ok' && entry.uid === 'a/1' ? { type: 'unknown', at: entry.at, uid: 'a/1' } : entry,
    );
    expect(judge(unsettled, []).findings).toEqual([]);
    const forgotten = unsettled.filter((entry) => entry.type !== 'event' || entry.uid !== 'a/1');
    expect(violations(forgotten)).toEqual(['silent-gap']);
  });

  test('owes nothing to a member that left, until it joins again', () => {
    const history: HistoryEntry[] = [
      start('b'),
      ...[invoke(1), ok(1, 1), event('a/1', 1)],
      { type: 'left', at: at(), client: 'b', room: ROOM },
      ...[invoke(2), ok(2, 2)],
      { type: 'start', at: at(), client: 'b', room: ROOM, position: position(2) },
      ...[invoke(3), ok(3, 3), event('a/3', 3)],
    ];
    expect(judge(history, [log(['a/1', 'a/2', 'a/3'])]).findings).toEqual([]);
  });

  test('passes an epoch whose end was told', () => {
    const history: HistoryEntry[] = [
      start('b'),
      invoke(1),
      ok(1, 1),
      event('a/1', 1),
      { type: 'gap', at: at(), client: 'b', room: ROOM, reason: 'epoch_changed', position: position(0, 'e2') },
    ];
    expect(judge(history, [log([], { position: position(0, 'e2') })])).toMatchObject({
      findings: [],
      endedWithEpoch: 1,
    });
  });

  test.each<[string, () => [HistoryEntry[], FinalLog]]>([
    ['lost-acknowledged', () => [[invoke(1), ok(1, 1)], log([])]],
    [
      'failed-but-present',
      () => [[invoke(1), { type: 'fail', at: at(), uid: 'a/1', code: 'unavailable' }], log(['a/1'])],
    ],
    ['phantom', () => [[], log(['a/9'])]],
    ['store-duplicate', () => [[invoke(1), ok(1, 1)], log(['a/1', 'a/1'])]],
    [
      'store-hole',
      () => [
        [invoke(1), ok(1, 2)],
        log([], { position: position(2), entries: [{ offset: 2, eventId: 'id2', uid: 'a/1' }] }),
      ],
    ],
    ['never-settled', () => [[invoke(1)], log([])]],
    ['duplicate-delivery', () => [[start('b'), invoke(1), ok(1, 1), event('a/1', 1), event('a/1', 1)], log(['a/1'])]],
    [
      'delivery-after-leave',
      () => [
        [start('b'), { type: 'left', at: at(), client: 'b', room: ROOM }, invoke(1), ok(1, 1), event('a/1', 1)],
        log(['a/1']),
      ],
    ],
    [
      'silent-gap',
      () => [[start('b'), invoke(1), ok(1, 1), invoke(2), ok(2, 2), event('a/2', 2)], log(['a/1', 'a/2'])],
    ],
    [
      'out-of-order',
      () => [
        [
          start('b'),
          invoke(1),
          ok(1, 1),
          invoke(2),
          ok(2, 2),
          event('a/1', 1),
          event('a/2', 2),
          event('a/1', 1, { uid: 'a/x' }),
          invoke(3, 'a'),
        ],
        log(['a/1', 'a/2']),
      ],
    ],
    [
      'silent-epoch-change',
      () => [
        [start('b'), invoke(1), ok(1, 1, 'a', 'e2'), event('a/1', 1, { epoch: 'e2' })],
        log(['a/1'], { position: position(1, 'e2') }),
      ],
    ],
    [
      'divergent-order',
      () => [
        [
          start('b'),
          start('c'),
          invoke(1),
          ok(1, 1),
          event('a/1', 1),
          event('a/1', 1, { client: 'c', eventId: 'other' }),
        ],
        log(['a/1']),
      ],
    ],
    ['publisher-order', () => [[invoke(1), invoke(2), ok(2, 1), ok(1, 2)], log(['a/2', 'a/1'])]],
    ['real-time-order', () => [[invoke(1), ok(1, 2), invoke(2, 'c'), ok(2, 1, 'c')], log(['c/2', 'a/1'])]],
    [
      'cross-room-leak',
      () => [[start('b'), invoke(1), ok(1, 1), event('a/1', 1, { intended: 'verify:2' })], log(['a/1'])],
    ],
    ['stalled', () => [[start('b'), invoke(1), ok(1, 1)], log(['a/1'])]],
  ])('finds %s', (violation, make) => {
    const [history, final] = make();
    expect(violations(history, final)).toContain(violation);
  });
});
