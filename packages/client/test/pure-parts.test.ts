import type { EventFrame, PresenceFrame, PresenceMember } from '@trunkline/protocol';
import { createManualClock, type ManualClock } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../src/backoff.js';
import { createExchange } from '../src/exchange.js';
import { createLiveness } from '../src/liveness.js';
import { DEFAULTS } from '../src/options.js';
import { applyPresence, createPresence, diffPresence, NOBODY } from '../src/presence.js';
import { createReceipts } from '../src/receipts.js';
import { createRecentIds } from '../src/recent-ids.js';
import { createRoomCursor } from '../src/room-cursor.js';
import { createTokens, renewAfterMs, type TokenOption } from '../src/tokens.js';
import { createTyping } from '../src/typing.js';

test.each([
  [0, 1, 500],
  [1, 0.5, 500],
  [6, 1, 30_000],
  [5_000, 1, 30_000],
  [3, 0, 0],
])('after %i failures and with %d of luck the wait is %i ms', (failures, random, expected) => {
  expect(backoffMs({ baseMs: 500, capMs: 30_000 }, failures, random)).toBe(expected);
});

test.each([
  [3_600_000, 2_880_000],
  [100_000, 70_000],
  [60_000, 30_000],
  [3_000, 1_500],
])('a token of %i ms is renewed after %i ms', (lifeMs, expected) => {
  expect(renewAfterMs(lifeMs, 0)).toBe(expected);
  expect(renewAfterMs(lifeMs, 1)).toBeCloseTo(expected * 0.9);
});

test('recent ids are bounded and forget the oldest', () => {
  const ids = createRecentIds(2);
  expect([...'abacadea'].map((id) => ids.add(id))).toEqual([true, true, false, true, false, true, true, true]);
});

describe('room cursor', () => {
  const event = (id: string, offset?: number, epoch = 'e1'): EventFrame => ({
    type: 'event',
    room: 'lobby:main',
    event: 'message',
    id,
    from: { userId: 'u1' },
    data: {},
    timestamp: 0,
    ...(offset !== undefined && { offset, epoch }),
  });

  test('moves with each event and drops what it has had', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 4, lastId: 'x' };
    expect([event('a', 5), event('a', 5), event('z', 3), event('b', 6)].map(cursor.judge)).toEqual([
      'deliver',
      'duplicate',
      'duplicate',
      'deliver',
    ]);
    expect(cursor.position).toEqual({ epoch: 'e1', offset: 6, lastId: 'b' });
  });

  test('shows a provisional event once, and takes its place when it comes again', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 0, lastId: '' };
    expect([event('a'), event('a', 1)].map(cursor.judge)).toEqual(['deliver', 'duplicate']);
    expect(cursor.position).toEqual({ epoch: 'e1', offset: 1, lastId: 'a' });
  });

  test('shows a retained event once however often the room is joined', () => {
    const cursor = createRoomCursor();
    expect([event('r'), event('r')].map(cursor.judge)).toEqual(['deliver', 'duplicate']);
  });

  test('takes an event of another epoch for a hole: nobody said what became of the one before', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 5, lastId: 'x' };
    expect([event('b', 2, 'e2'), event('c', 6, 'e2')].map(cursor.judge)).toEqual(['hole', 'hole']);
    expect(cursor.position).toEqual({ epoch: 'e1', offset: 5, lastId: 'x' });
  });

  test('sees a hole and stays before it', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 1, lastId: 'x' };
    expect(cursor.judge(event('c', 3))).toBe('hole');
    expect(cursor.position?.offset).toBe(1);
    expect([event('b', 2), event('c', 3)].map(cursor.judge)).toEqual(['deliver', 'deliver']);
  });
});

describe('presence', () => {
  const member = (userId: string, state: unknown = null): PresenceMember => ({
    userId,
    connectionIds: [`c_${userId}`],
    state,
  });
  const change = (version: number, kind: 'join' | 'update' | 'leave', who: PresenceMember): PresenceFrame => ({
    type: 'presence',
    room: 'lobby:main',
    version,
    change: kind,
    member: who,
  });

  test('changes apply by version, and members keep their place', () => {
    const start = { version: 3, members: [member('a'), member('b')] };
    const next = [
      change(4, 'join', member('c')),
      change(5, 'update', member('a', 'away')),
      change(6, 'leave', member('b')),
    ].reduce(applyPresence, start);
    expect(next).toEqual({ version: 6, members: [member('a', 'away'), member('c')] });
  });

  test('a change that races the snapshot and is not above its version is dropped', () => {
    const snapshot = { version: 7, members: [member('a')] };
    expect(applyPresence(snapshot, change(7, 'leave', member('a')))).toBe(snapshot);
    expect(
      applyPresence(snapshot, { type: 'presence', room: 'lobby:main', version: 6, change: 'sync', members: [] }),
    ).toBe(snapshot);
  });

  const [ann, bob, cem] = [member('ann'), member('bob'), member('cem')];
  const away = member('ann', 'away');
  const twice: PresenceMember = { ...ann, connectionIds: ['c_ann', 'c_other'] };
  test.each([
    { what: 'nothing', before: [ann, bob], next: [ann, bob], joined: [], updated: [], left: [] },
    { what: 'equal members of a new snapshot', before: [ann], next: [{ ...ann }], joined: [], updated: [], left: [] },
    { what: 'another order', before: [ann, bob], next: [bob, ann], joined: [], updated: [], left: [] },
    { what: 'somebody new', before: [ann], next: [ann, cem], joined: [cem], updated: [], left: [] },
    { what: 'another state', before: [ann, bob], next: [away, bob], joined: [], updated: [away], left: [] },
    { what: 'one more connection', before: [ann], next: [twice], joined: [], updated: [twice], left: [] },
    { what: 'somebody gone', before: [ann, bob], next: [bob], joined: [], updated: [], left: [ann] },
    { what: 'all of it', before: [ann, bob], next: [away, cem], joined: [cem], updated: [away], left: [bob] },
    { what: 'everybody gone', before: [ann, bob], next: [], joined: [], updated: [], left: [ann, bob] },
  ])('the diff of $what', ({ before, next, joined, updated, left }) => {
    expect(diffPresence(before, next)).toEqual({ joined, updated, left });
  });

  const sync = (version: number, members: readonly PresenceMember[]): PresenceFrame => ({
    type: 'presence',
    room: 'lobby:main',
    version,
    change: 'sync',
    members,
  });
  test.each([
    { what: 'a join', frame: change(8, 'join', cem), version: 8, members: [ann, bob, cem] },
    { what: 'a join of somebody who is there', frame: change(8, 'join', away), version: 8, members: [away, bob] },
    { what: 'an update of somebody unknown', frame: change(8, 'update', cem), version: 8, members: [ann, bob, cem] },
    { what: 'a leave', frame: change(8, 'leave', ann), version: 8, members: [bob] },
    { what: 'a leave of somebody unknown', frame: change(8, 'leave', cem), version: 8, members: [ann, bob] },
    { what: 'a sync', frame: sync(12, [cem]), version: 12, members: [cem] },
    { what: 'a change of the same version', frame: change(7, 'leave', ann), version: 7, members: [ann, bob] },
    { what: 'an older sync', frame: sync(6, []), version: 7, members: [ann, bob] },
  ])('$what gives the list that the server means', ({ frame, version, members }) => {
    const after = applyPresence({ version: 7, members: [ann, bob] }, frame);
    expect([after.version, after.members]).toEqual([version, members]);
  });

  test('a store tells differences only, its own state after each join, and nobody once it is left', () => {
    const told: unknown[] = [];
    const presence = createPresence((state) => told.push(state));
    const diffs: unknown[] = [];
    presence.on((diff) => diffs.push(diff));
    presence.set('busy');
    presence.sync({ version: 3, members: [ann] });
    presence.sync({ version: 3, members: [{ ...ann }] });
    presence.change(change(4, 'update', away));
    presence.joined();
    expect([presence.version, presence.members]).toEqual([4, [away]]);
    presence.reset();
    presence.joined();
    expect(told).toEqual(['busy', 'busy']);
    expect(diffs).toEqual([
      { joined: [ann], updated: [], left: [] },
      { joined: [], updated: [away], left: [] },
      { joined: [], updated: [], left: [away] },
    ]);
    expect([presence.members, NOBODY.members]).toEqual([[], []]);
  });
});

describe('liveness', () => {
  function start(windowMs = 35_000) {
    const clock = createManualClock();
    const log: string[] = [];
    const liveness = createLiveness(clock, windowMs, {
      probe: () => log.push('probe'),
      dead: () => log.push(`dead ${clock.now() - 1_700_000_000_000}`),
    });
    return { clock, log, liveness };
  }

  test('silence for the whole window is death', async () => {
    const { clock, log } = start();
    await clock.advance(34_999);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(['dead 35000']);
  });

  test('any frame begins the window anew', async () => {
    const { clock, log, liveness } = start();
    for (let n = 0; n < 10; n++) {
      await clock.advance(20_000);
      liveness.heard();
    }
    expect(log).toEqual([]);
  });

  test('a check asks, and an answer is enough', async () => {
    const { clock, log, liveness } = start();
    liveness.check();
    await clock.advance(4_000);
    liveness.heard();
    await clock.advance(20_000);
    expect(log).toEqual(['probe']);
  });

  test('silence is noticed at most 5 s late when the clock was set back', async () => {
    const clock = createManualClock();
    let setBackMs = 0;
    const log: string[] = [];
    createLiveness({ ...clock, now: () => clock.now() - setBackMs }, 35_000, {
      probe: () => log.push('probe'),
      dead: () => log.push('dead'),
    });
    await clock.advance(20_000);
    setBackMs = 300_000;
    await clock.advance(20_000);
    expect(log).toEqual(['dead']);
  });

  test('a check without an answer is death within 5 s', async () => {
    const { clock, log, liveness } = start();
    liveness.check();
    await clock.advance(5_000);
    expect(log).toEqual(['probe', 'dead 5000']);
  });

  test('a timer that fires late (sleep, throttled tab, blocked loop) asks instead of giving up', () => {
    let now = 0;
    const timers: (() => void)[] = [];
    const log: string[] = [];
    const clock = { now: () => now, setTimeout: (run: () => void) => timers.push(run), clearTimeout: () => {} };
    createLiveness(clock, 35_000, { probe: () => log.push('probe'), dead: () => log.push('dead') });
    now = 3_600_000;
    timers.shift()?.();
    expect(log).toEqual(['probe']);
    now += 5_000;
    timers.shift()?.();
    expect(log).toEqual(['probe', 'dead']);
  });
});

describe('pace', () => {
  const limits = { burst: 10, messagesPerSecond: 100 };
  const leave = { type: 'leave', room: 'lobby:main' } as const;
  function start(setBackMs = () => 0) {
    const clock = createManualClock();
    const sent: string[] = [];
    const wire = createExchange({ ...clock, now: () => clock.now() - setBackMs() }, ({ type }) => sent.push(type));
    return { clock, sent, wire };
  }

  test('lets a burst through and then the sustained rate, both a little below the server', async () => {
    const { clock, sent, wire } = start();
    expect([wire.waitMs(), wire.ask(leave, () => {})]).toEqual([Infinity, false]);
    wire.opened({ limits });
    for (let n = 0; n < 20; n++) wire.ask(leave, () => {});
    expect([sent.length, wire.waitMs()]).toEqual([8, 163]);
    await clock.advance(13);
    expect(sent.length).toBe(9);
    await clock.advance(150);
    expect([sent.length, wire.waitMs()]).toEqual([20, 0]);
  });

  test('goes on when the clock is set back', async () => {
    let setBackMs = 0;
    const { clock, sent, wire } = start(() => setBackMs);
    wire.opened({ limits });
    for (let n = 0; n < 9; n++) wire.ask(leave, () => {});
    setBackMs = 300_000;
    expect(wire.waitMs()).toBe(25);
    await clock.advance(13);
    expect([sent.length, wire.waitMs()]).toEqual([9, 12]);
  });

  test('lets nothing wait that can not, and sends nothing that waited for another connection', async () => {
    const { clock, sent, wire } = start();
    wire.opened({ limits });
    const answers: unknown[] = [];
    for (let n = 0; n < 10; n++) wire.ask(leave, (answer) => answers.push(answer));
    expect(wire.ask({ type: 'publish', room: 'lobby:main', event: 'typing', data: {} })).toBe(false);
    wire.ask({ type: 'cancel', of: 'x' });
    expect(sent.slice(7)).toEqual(['leave', 'cancel']);
    wire.dropped();
    expect([answers.length, wire.isReady(), clock.pending]).toEqual([10, false, 0]);
    wire.opened({ limits });
    await clock.advance(1_000);
    expect([sent.length, wire.isReady()]).toEqual([9, true]);
  });
});

describe('typing', () => {
  test('sends at most every 3 s while keys are pressed and ends by itself 5 s after the last', async () => {
    const clock = createManualClock();
    const sent: [number, boolean][] = [];
    const begin = clock.now();
    const typing = createTyping(clock, (isTyping) => sent.push([clock.now() - begin, isTyping]) > 0);
    for (let n = 0; n < 8; n++) {
      typing.start();
      await clock.advance(500);
    }
    await clock.advance(10_000);
    expect(sent).toEqual([
      [0, true],
      [3_000, true],
      [8_500, false],
    ]);
  });

  test('leaves no timer behind that would hold a process', async () => {
    const clock = createManualClock();
    const typing = createTyping(clock, () => true);
    typing.start();
    typing.heard('ann', true);
    typing.reset();
    expect([clock.pending, typing.users]).toEqual([0, []]);
  });

  test('forgets a typist who is not heard of for 7 s', async () => {
    const clock = createManualClock();
    const typing = createTyping(clock, () => true);
    const seen: (readonly string[])[] = [];
    typing.on((users) => seen.push(users));
    typing.heard('ann', true);
    await clock.advance(5_000);
    typing.heard('ann', true);
    typing.heard('bob', true);
    typing.heard('bob', false);
    await clock.advance(6_999);
    expect(typing.users).toEqual(['ann']);
    await clock.advance(1);
    expect(seen).toEqual([['ann'], ['ann', 'bob'], ['ann'], []]);
  });
});

describe('receipts', () => {
  test('reading is told once a second, at its furthest, and again after a lost connection', async () => {
    const clock = createManualClock();
    const told: [string, number][] = [];
    let answer: unknown = null;
    const receipts = createReceipts(
      clock,
      (kind, { offset }, done) => {
        told.push([kind, offset]);
        done(answer);
      },
      () => ({ epoch: 'e1', offset: 9, lastId: 'x' }),
    );
    for (const offset of [3, 5, 4]) receipts.move('read', offset);
    receipts.move('delivered');
    await clock.advance(1_000);
    expect(told).toEqual([
      ['read', 5],
      ['delivered', 9],
    ]);
    answer = {};
    receipts.joined();
    await clock.advance(1_000);
    receipts.joined();
    await clock.advance(5_000);
    expect(told.slice(2)).toEqual([
      ['read', 5],
      ['delivered', 9],
    ]);
  });

  test('cursors of another epoch are void', () => {
    const receipts = createReceipts(
      createManualClock(),
      () => {},
      () => undefined,
    );
    receipts.heard({ epoch: 'e1', cursors: [{ userId: 'a', read: 4 }] });
    receipts.heard({
      epoch: 'e1',
      cursors: [
        { userId: 'a', delivered: 6 },
        { userId: 'b', read: 1 },
      ],
    });
    expect(receipts.cursors).toEqual([
      { userId: 'a', read: 4, delivered: 6 },
      { userId: 'b', read: 1 },
    ]);
    receipts.heard({ epoch: 'e2', cursors: [{ userId: 'b', read: 2 }] });
    expect(receipts.cursors).toEqual([{ userId: 'b', read: 2 }]);
  });
});

describe('token source', () => {
  function createTokenSource(token: TokenOption, clock: ManualClock) {
    const { backoff, tokenTimeoutMs } = DEFAULTS;
    const options = { backoff, clock, random: Math.random, token, tokenTimeoutMs };
    const { opened, ...tokens } = createTokens({ options, wire: { ask: () => false }, failed: () => {} });
    const expires = (expiresAt: number) => {
      opened({ expiresAt, serverTime: clock.now() });
      tokens.abandon();
    };
    return { ...tokens, expires };
  }

  test('one fetch at a time, whoever asks', async () => {
    let fetches = 0;
    const tokens = createTokenSource(async () => `t${++fetches}`, createManualClock());
    expect(await Promise.all([tokens.get('connect'), tokens.get('expiring'), tokens.get('refused')])).toEqual([
      't1',
      't1',
      't1',
    ]);
  });

  test('a token is given out again until its end and never after it', async () => {
    const clock = createManualClock();
    let fetches = 0;
    const tokens = createTokenSource(() => `t${++fetches}`, clock);
    await tokens.get('connect');
    tokens.expires(clock.now() + 60_000);
    expect(await tokens.get('connect')).toBe('t1');
    await clock.advance(58_001);
    expect(await tokens.get('connect')).toBe('t2');
    expect(await tokens.get('refused')).toBe('t3');
  });

  test('a fixed token that has ended is an error, not another try', async () => {
    const clock = createManualClock();
    const tokens = createTokenSource('fixed', clock);
    expect(await tokens.get('refused')).toBe('fixed');
    tokens.expires(clock.now());
    await expect(tokens.get('connect')).rejects.toMatchObject({ code: 'token_expired', retryable: false });
  });

  test('a provider that throws at once is asked again the next time', async () => {
    let fetches = 0;
    const tokens = createTokenSource(() => {
      if (++fetches === 1) throw new Error('down');
      return 't2';
    }, createManualClock());
    await expect(tokens.get('connect')).rejects.toThrow('down');
    expect(await tokens.get('connect')).toBe('t2');
  });

  test.each<[string, () => string]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['gives none', () => ''],
  ])('a refused token is not given out again when the provider %s after it', async (_, failing) => {
    const answers = [() => 't1', failing, () => 't2'];
    const reasons: string[] = [];
    const clock = createManualClock();
    const tokens = createTokenSource(({ reason }) => {
      reasons.push(reason);
      return answers.shift()?.() ?? '';
    }, clock);
    await tokens.get('connect');
    tokens.expires(clock.now() + 60_000);
    await expect(tokens.get('refused')).rejects.toThrow();
    expect(await tokens.get('connect')).toBe('t2');
    expect(reasons).toEqual(['connect', 'refused', 'refused']);
  });

  test('a fetch that is given up is not taken for the next one', async () => {
    const seen: AbortSignal[] = [];
    const answers: ((token: string) => void)[] = [];
    const tokens = createTokenSource(({ signal }) => {
      seen.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    }, createManualClock());
    const first = tokens.get('connect');
    tokens.abandon();
    const second = tokens.get('connect');
    answers[0]?.('old');
    answers[1]?.('new');
    await first;
    expect(await second).toBe('new');
    expect(seen.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});
