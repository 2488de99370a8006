import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import type { Broker } from '../../src/seams/broker.js';
import { makePublication } from '../../src/testing/index.js';
import { startTwoNodes } from './backends.js';

const test = serial.concurrent;
const ROOM = 'lobby:all';
const LASTING = { size: 100, ttlMs: 60_000 };
/** A bound that events of a moment ago are past. */
const BRIEF = { size: 100, ttlMs: 100 };

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** By the clock of Redis, milliseconds. */
async function redisTime(): Promise<number> {
  const [seconds, micros] = (await redis.command('TIME')) as string[];
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** What is published before it has another age than what is published after it. */
async function grow(olderMs: number): Promise<void> {
  const since = await redisTime();
  await eventually(async () => (await redisTime()) > since + olderMs);
}

/** As one call: a call of other terms follows before the log itself could expire. */
async function publish(broker: Broker, count: number, log = LASTING): Promise<void> {
  const all = Array.from({ length: count }, () => makePublication(ROOM, { log }));
  await Promise.all([...all, makePublication(ROOM, { log: LASTING })].map((one) => broker.publish(one)));
}

async function keptBy(broker: Broker): Promise<object> {
  const { entries, head, trimmed } = await broker.read(ROOM, { limit: 1_000 });
  return { from: entries[0]?.offset, kept: entries.length, head: head.offset, trimmed: trimmed.offset };
}

test('what is too old leaves with the next publish, sixteen events or two for each that comes, and no more', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend, recorder }] = pair.nodes;
  const { broker } = backend;
  await broker.subscribe(ROOM);
  await publish(broker, 39);
  await grow(BRIEF.ttlMs);
  await publish(broker, 1, BRIEF);
  expect(await keptBy(broker)).toEqual({ from: 17, kept: 26, head: 42, trimmed: 16 });
  await grow(BRIEF.ttlMs);
  await publish(broker, 20, BRIEF);
  expect(await keptBy(broker)).toEqual({ from: 43, kept: 21, head: 63, trimmed: 42 });
  await eventually(() => recorder.heard.length === 63);
  const { trimmed } = await broker.read(ROOM, { limit: 1 });
  expect(trimmed.id).toBe(recorder.heard[41]?.event.id);
});

test('what is young enough stays, and what came before it does not keep it', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  const { broker } = backend;
  await publish(broker, 4);
  await grow(1_000);
  await publish(broker, 4);
  // The machine may take as long again until the second five are past it, too.
  await publish(broker, 1, { size: 100, ttlMs: 1_000 });
  expect(await keptBy(broker)).toEqual({ from: 6, kept: 7, head: 12, trimmed: 5 });
});

test('a bound that was lowered is reached by as many events a publish', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  const { broker } = backend;
  const lowered = { size: 5, ttlMs: 60_000 };
  await publish(broker, 49);
  for (const kept of [35, 20, 5, 5]) {
    await broker.publish(makePublication(ROOM, { log: lowered }));
    expect(await keptBy(broker)).toMatchObject({ kept });
  }
});

test('each event is as old as Redis says, whatever the clock of its publisher', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  const before = await redisTime();
  await backend.broker.publish(makePublication(ROOM, { timestamp: 1 }));
  const after = await redisTime();
  const log = await redis.command('XRANGE', `${pair.prefix}:{${ROOM}}:log`, '-', '+');
  const appendedAt = Number(String(log).split(',')[4]);
  expect([appendedAt >= before, appendedAt <= after]).toEqual([true, true]);
});

test('a room with trillions of events behind it counts, remembers, trims and tells as exactly as a new one', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend, recorder }] = pair.nodes;
  const { broker } = backend;
  const behind = 4_398_046_511_104;
  await broker.subscribe(ROOM);
  const { head } = await broker.read(ROOM, { limit: 1 });
  await redis.command('HSET', `${pair.prefix}:{${ROOM}}:meta`, 'offset', String(behind), 'lastId', 'x');
  const log = { size: 2, ttlMs: 60_000 };
  const all = Array.from({ length: 4 }, () => makePublication(ROOM, { log }));
  for (const [index, one] of all.entries()) {
    const offset = behind + index + 1;
    expect(await broker.publish(one)).toEqual({ status: 'appended', eventId: one.eventId, epoch: head.epoch, offset });
    expect(await broker.publish(one)).toMatchObject({ status: 'duplicate', offset });
  }
  await eventually(() => expect(recorder.offsets(ROOM)).toEqual([1, 2, 3, 4].map((index) => behind + index)));
  const page = await broker.read(ROOM, { after: behind + 2, limit: 10 });
  expect(page.entries.map(({ offset }) => offset)).toEqual([behind + 3, behind + 4]);
  expect(page.head).toEqual({ epoch: head.epoch, offset: behind + 4, lastId: all[3]?.eventId });
  expect(page.trimmed).toEqual({ offset: behind + 2, id: all[1]?.eventId });
  expect((await broker.read(ROOM, { before: behind + 4, limit: 10 })).entries).toHaveLength(1);
  const bumped = await broker.bumpEpoch(ROOM, head.epoch);
  expect(bumped.offset).toBe(behind + 4);
  expect((await broker.read(ROOM, { limit: 1 })).born).toEqual({ offset: behind + 4, id: all[3]?.eventId });
});
