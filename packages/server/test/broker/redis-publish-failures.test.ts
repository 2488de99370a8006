import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { appendScript } from '../../src/broker/redis/scripts/append.js';
import { makePublication } from '../../src/testing/index.js';
import { startNode } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
const ROOM = 'lobby:all';
const URL_OF = (port: number) => `redis://127.0.0.1:${port}`;

test('appends once when the reply is swallowed, and the caller sees it appended', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(URL_OF(proxy.port));
  const { broker } = node.backend;
  await broker.publish(makePublication(ROOM));
  for (let lost = 1; lost <= 5; lost += 1) {
    proxy.swallowReply((request) => request.includes('evalsha') && request.includes(`"lost ${lost}"`));
    const appended = await broker.publish(makePublication(ROOM, { data: `lost ${lost}` }));
    expect(appended).toMatchObject({ status: 'appended', offset: 1 + lost });
    await eventually(() => broker.status.state === 'connected');
  }
  expect(proxy.counts.swallowed).toBe(5);
  expect(await redis.command('XLEN', 'trunkline:{lobby:all}:log')).toBe(6);
});

test('a publish that Redis never saw fails as unavailable and stays invisible', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(URL_OF(proxy.port));
  const { broker } = node.backend;
  await proxy.down();
  proxy.rstAll();
  await eventually(() => broker.status.state === 'degraded');
  await expect(broker.publish(makePublication(ROOM))).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  await expect(broker.read(ROOM, { limit: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  await proxy.up();
  await eventually(() => broker.status.state === 'connected');
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended', offset: 1 });
});

test('every publish of an outage settles, and none that was told unavailable is ever in the log', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(URL_OF(proxy.port), { publishDeadlineMs: 1_500 });
  const { broker } = node.backend;
  const failed: string[] = [];
  const acknowledged: string[] = [];
  const unknown: string[] = [];
  const settled: Promise<void>[] = [];
  for (let index = 0; index < 600; index += 1) {
    const publication = makePublication(ROOM, { log: { size: 10_000, ttlMs: 60_000 } });
    const outcome = Promise.resolve(broker.publish(publication)).then(
      () => void acknowledged.push(publication.eventId),
      (error: { code: string }) => void (error.code === 'unavailable' ? failed : unknown).push(publication.eventId),
    );
    settled.push(outcome);
    if (index % 100 === 50) proxy.cutAfter('up', 700);
    if (index % 100 === 70) proxy.cutAfter('down', 200);
    if (index % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (index % 100 === 99) await eventually(() => broker.status.state === 'connected');
  }
  await Promise.all(settled);
  const { entries, head } = await broker.read(ROOM, { limit: 10_000 });
  const ids = entries.map(({ id }) => id);
  expect(proxy.counts.cuts).toBeGreaterThan(1);
  expect(acknowledged.length + failed.length + unknown.length).toBe(600);
  expect(new Set(ids).size).toBe(ids.length);
  expect(head.offset).toBe(ids.length);
  expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
  expect(failed.filter((id) => ids.includes(id))).toEqual([]);
});

test('keeps call order when its scripts are flushed under load', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const publishes: Promise<unknown>[] = [];
  for (let index = 0; index < 400; index += 1) {
    publishes.push(
      Promise.resolve(broker.publish(makePublication(ROOM, { data: index, log: { size: 1_000, ttlMs: 60_000 } }))),
    );
    if (index % 50 === 25) publishes.push(redis.command('SCRIPT', 'FLUSH'));
    if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(publishes);
  const { entries } = await broker.read(ROOM, { limit: 1_000 });
  expect(entries.map(({ data }) => data)).toEqual(Array.from({ length: 400 }, (_, index) => index));
});

test('a Redis that stops answers nobody: unknown outcome within the deadline, degraded, and whole again after', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url, { publishDeadlineMs: 1_000 });
  const { broker } = node.backend;
  await broker.publish(makePublication(ROOM));
  redis.pause();
  const startedAt = performance.now();
  const publication = makePublication(ROOM);
  await expect(broker.publish(publication)).rejects.toMatchObject({ code: 'unknown_outcome', retrySafe: true });
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  await eventually(() => broker.status.state === 'degraded', { timeoutMs: 6_000 });
  await expect(broker.publish(makePublication(ROOM))).rejects.toMatchObject({ code: 'unavailable' });
  redis.resume();
  await eventually(() => broker.status.state === 'connected', { timeoutMs: 10_000 });
  // The same id again: whatever became of it, it is there once.
  await broker.publish(publication);
  const { entries } = await broker.read(ROOM, { limit: 10 });
  expect(entries.filter(({ id }) => id === publication.eventId)).toHaveLength(1);
});

test('a publish that was given up long ago holds up no later one of its publisher', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url, { publishDeadlineMs: 200 });
  const { broker } = node.backend;
  const publish = async () => broker.publish(makePublication(ROOM));
  await publish();
  redis.pause();
  await expect(publish()).rejects.toMatchObject({ code: 'unknown_outcome' });
  // Past the command's own time, and too short to be taken for silence.
  await delay(900);
  redis.resume();
  await eventually(async () => expect(await publish()).toMatchObject({ status: 'appended' }));
  await redis.command('SCRIPT', 'FLUSH');
  expect(await publish()).toMatchObject({ status: 'appended' });
});

test('publishes of several rooms that are sent again together settle within a deadline each', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(URL_OF(proxy.port), { publishDeadlineMs: 1_500 });
  const settledWithinMs = async (room: string): Promise<number> => {
    const startedAt = performance.now();
    const outcome = node.backend.broker.publish(makePublication(room));
    await expect(outcome).rejects.toMatchObject({ code: 'unknown_outcome', retrySafe: true });
    return performance.now() - startedAt;
  };
  proxy.blackholeThat((sent) => sent.includes(appendScript.sha));
  const early = [settledWithinMs('lobby:one'), settledWithinMs('lobby:two')];
  await delay(1_000);
  const late = [settledWithinMs('lobby:one'), settledWithinMs('lobby:two')];
  await delay(50);
  proxy.rstAll();
  const tookMs = await Promise.all([...early, ...late]);
  expect(Math.max(...tookMs)).toBeLessThan(2_000);
});

test('asks for replicas on a connection of its own and does not claim more than they confirm', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const publication = makePublication(ROOM, { minReplicas: 1 });
  await expect(broker.publish(publication)).rejects.toMatchObject({ code: 'unknown_outcome', retrySafe: true });
  await using _replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] });
  await eventually(async () => String(await redis.command('INFO', 'replication')).includes('state=online'));
  expect(await broker.publish(publication)).toMatchObject({ status: 'duplicate', offset: 1 });
  expect(await broker.publish(makePublication(ROOM, { minReplicas: 1 }))).toMatchObject({
    status: 'appended',
    offset: 2,
  });
});
