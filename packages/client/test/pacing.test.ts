import { createManualClock, eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../src/backoff.js';
import { createExchange } from '../src/exchange.js';
import { openClient } from './support/open-client.js';
import { DAILY_HEARTBEAT, LIMITS, POSITION, startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

/** All that the SDK sends keeps within `welcome.limits`. */
const names = (count: number) => Array.from({ length: count }, (_, n) => `lobby:${n}` as const);
const ignore = () => {};
const SLOW = { limits: { ...LIMITS, messagesPerSecond: 10, burst: 10 }, heartbeat: DAILY_HEARTBEAT };

test('joins beyond the hello are paced, all settle, and the server refuses none', async () => {
  await using server = await startServer({ limits: { messagesPerSecond: 100, messageBurst: 40 } });
  await using client = openClient({ url: server.url, token: () => server.token('ann') });
  await client.connect();
  const told: string[] = [];
  client.on('error', ({ code }) => told.push(code));
  const joined = await Promise.all(names(190).map((name) => client.room(name).join()));
  expect(joined.map(({ recovered }) => recovered)).toEqual(joined.map(() => false));
  const { timeline } = client.explain();
  expect([told, timeline.filter(({ what }) => what === 'waiting')]).toEqual([[], []]);
});

test('what waited when the connection went is asked for on the next one, in its pace, each room once', async () => {
  await using script = await startScript();
  const clock = createManualClock();
  await using client = openClient({ url: script.url, clock, random: () => 0 });
  void client.connect();
  const first = await script.connection();
  await first.welcome(SLOW);
  await eventually(() => client.state.status === 'open');
  const rooms = names(130);
  const joins = Promise.all(rooms.map((name) => client.room(name).join()));
  for (const name of rooms.slice(0, 8)) expect((await first.next('join')).room).toBe(name);
  first.close(4000);
  await eventually(() => client.state.status === 'waiting');
  await clock.advance(5);
  const second = await script.connection();
  const { rooms: asked = [] } = await second.welcome(SLOW);
  await eventually(() => client.state.status === 'open');
  expect(asked).toHaveLength(100);
  for (const { room } of asked) second.joined(room, POSITION);
  await clock.advance(0);
  const counts: number[] = [];
  const joinsSeen = () => second.seen.filter(({ type }) => type === 'join');
  for (let total = 8; ; total += 8) {
    const expected = Math.min(total, 30);
    await eventually(() => joinsSeen().length >= expected);
    counts.push(joinsSeen().length);
    if (expected === 30) break;
    await clock.advance(1_000);
  }
  expect(counts).toEqual([8, 16, 24, 30]);
  for (const frame of joinsSeen()) if (frame.type === 'join') second.joined(frame.room, POSITION);
  expect((await joins).length).toBe(130);
  expect(new Set(joinsSeen().map((frame) => 'room' in frame && frame.room)).size).toBe(30);
});

test('what can not wait overtakes what is paced: pongs, answers to calls, what gives a request up', async () => {
  await using script = await startScript();
  const clock = createManualClock();
  await using client = openClient({ url: script.url, clock });
  void client.connect();
  const peer = await script.connection();
  await peer.welcome(SLOW);
  await eventually(() => client.state.status === 'open');
  client.handle('client_tool_call', () => ({ done: true }));
  const controller = new AbortController();
  const asked = client.request('echo', {}, { signal: controller.signal }).catch(({ code }) => code);
  for (const name of names(50)) client.room(name).join().catch(ignore);
  await peer.next('join');
  peer.send({ type: 'ping' });
  peer.send({ type: 'call', id: 'k1', method: 'client_tool_call', data: {} });
  controller.abort();
  await Promise.all([peer.next('pong'), peer.next('result'), peer.next('cancel')]);
  expect([await asked, peer.seen.filter(({ type }) => type === 'join').length]).toEqual(['cancelled', 7]);
});

test('nothing waits for its turn any more once the client is closed', async () => {
  await using script = await startScript();
  const clock = createManualClock();
  const client = openClient({ url: script.url, clock });
  void client.connect();
  const peer = await script.connection();
  await peer.welcome(SLOW);
  await eventually(() => client.state.status === 'open');
  const joins = Promise.allSettled(names(50).map((name) => client.room(name).join()));
  await peer.next('join');
  await client.close();
  expect((await joins).every(({ status }) => status === 'rejected')).toBe(true);
  expect(clock.pending).toBe(0);
});

test.each([
  [0, 1, 500],
  [1, 0.5, 500],
  [6, 1, 30_000],
  [5_000, 1, 30_000],
  [3, 0, 0],
])('after %i failures and with %d of luck the wait is %i ms', (failures, random, expected) => {
  expect(backoffMs({ baseMs: 500, capMs: 30_000 }, failures, random)).toBe(expected);
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
