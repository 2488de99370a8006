import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import type { Broker } from '../../src/seams/broker.js';
import { makePublication } from '../../src/testing/index.js';
import { startNode } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
const ROOM = 'lobby:all';
/** Of a connection that asks for replicas, in the list of clients. */
const REPLICATED = /id=(\d+) [^\n]*name=\S+:replicated/g;

/** What became of it: a status, or the code of the refusal. */
async function outcomeOf(published: ReturnType<Broker['publish']>): Promise<string> {
  return Promise.resolve(published).then(
    ({ status }) => status,
    ({ code }: { code: string }) => code,
  );
}

serial.each([
  { bound: 20_000, unit: 'publishes', chars: 1, rounds: 1 },
  { bound: 64, unit: 'MiB', chars: 1_048_576, rounds: 2 },
])('no more than $bound $unit wait for a Redis that stands still, and as many again after it', async (each) => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url, { publishDeadlineMs: 60_000 });
  const { broker } = node.backend;
  const data = 'x'.repeat(each.chars);
  const publish = async () => broker.publish(makePublication(ROOM, { data, log: { size: 1, ttlMs: 60_000 } }));
  for (let round = 0; round < each.rounds; round += 1) {
    redis.pause();
    const waiting = Array.from({ length: each.bound }, publish);
    await expect(publish()).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    redis.resume();
    await Promise.all(waiting);
  }
  expect((await broker.read(ROOM, { limit: 1 })).head.offset).toBe(each.rounds * each.bound);
});

serial('what was given up in an outage does not count for what may wait after it', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { publishDeadlineMs: 2_000 });
  const { broker } = node.backend;
  const data = 'x'.repeat(1_048_576);
  const publish = () => outcomeOf(broker.publish(makePublication(ROOM, { data, log: { size: 1, ttlMs: 60_000 } })));
  proxy.blackhole('up');
  const given = Array.from({ length: 63 }, publish);
  await delay(1);
  await proxy.down();
  proxy.rstAll();
  expect(new Set(await Promise.all(given))).toEqual(new Set(['unknown_outcome']));
  proxy.heal();
  await proxy.up();
  await eventually(() => broker.status.state === 'connected');
  expect(await Promise.all([publish(), publish()])).toEqual(['appended', 'appended']);
});

test('a publish that was given up in an outage is not overtaken by later ones of its user, others go on', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { publishDeadlineMs: 5_000 });
  const { broker } = node.backend;
  const publish = (userId: string, id: string) =>
    outcomeOf(broker.publish(makePublication(ROOM, { key: { userId, id }, eventId: id })));
  proxy.blackhole('up');
  const first = publish('ann', 'first');
  await delay(1_500);
  const later = [publish('ann', 'later'), publish('bob', 'other')];
  await delay(100);
  await proxy.down();
  proxy.rstAll();
  proxy.heal();
  expect(await first).toBe('unknown_outcome');
  await proxy.up();
  expect(await Promise.all(later)).toEqual(['unknown_outcome', 'appended']);
  expect((await broker.read(ROOM, { limit: 10 })).entries.map(({ id }) => id)).toEqual(['other']);
  expect(await publish('ann', 'first')).toBe('appended');
  expect(await publish('ann', 'later')).toBe('appended');
});

test('each publish of an outage settles at its own deadline, and is not sent when that ends later', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { publishDeadlineMs: 1_000 });
  const { broker } = node.backend;
  const publish = () => outcomeOf(broker.publish(makePublication(ROOM)));
  expect(await publish()).toBe('appended');
  proxy.blackhole('up');
  const early = publish();
  await delay(200);
  const late = publish();
  await delay(1);
  await proxy.down();
  proxy.rstAll();
  const startedAt = performance.now();
  expect(await Promise.all([early, late])).toEqual(['unknown_outcome', 'unknown_outcome']);
  expect(performance.now() - startedAt).toBeLessThan(2_500);
  proxy.heal();
  await proxy.up();
  await eventually(() => broker.status.state === 'connected');
  expect((await broker.read(ROOM, { limit: 10 })).entries).toHaveLength(1);
});

test('a publish that is under way when its node closes is not known, and none is taken after', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  redis.pause();
  const sent = outcomeOf(broker.publish(makePublication(ROOM)));
  await delay(1);
  const gathered = outcomeOf(broker.publish(makePublication(ROOM)));
  const closed = broker.close();
  expect([await sent, await gathered]).toEqual(['unknown_outcome', 'unavailable']);
  await expect(broker.publish(makePublication(ROOM))).rejects.toMatchObject({ code: 'unavailable' });
  redis.resume();
  await closed;
});

test('what asks for replicas is told of another payload whether or not there are any, and outlives its connection', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const first = makePublication(ROOM, { minReplicas: 1 });
  await expect(broker.publish(first)).rejects.toMatchObject({ code: 'unknown_outcome' });
  expect(await broker.publish({ ...first, data: 'another' })).toEqual({ status: 'conflict' });
  await using _replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] });
  await eventually(async () => String(await redis.command('INFO', 'replication')).includes('state=online'));
  const connections = async () => [...String(await redis.command('CLIENT', 'LIST')).matchAll(REPLICATED)];
  const [[, id] = [], ...others] = await connections();
  expect(others).toEqual([]);
  await redis.command('CLIENT', 'KILL', 'ID', String(id));
  await eventually(async () => {
    expect(await broker.publish(makePublication(ROOM, { minReplicas: 1 }))).toMatchObject({ status: 'appended' });
    return true;
  });
  expect(await broker.publish(first)).toMatchObject({ status: 'duplicate', offset: 1 });
  expect(await connections()).toHaveLength(1);
  await broker.close();
  await eventually(async () => (await connections()).length === 0);
});

test('a node that may not load its scripts again refuses at once, and goes on when it may', async () => {
  await using redis = await startRedis();
  await redis.command('ACL', 'SETUSER', 'node', 'on', '>secret', '~*', '&*', '+@all');
  await using node = await startNode(`redis://node:secret@127.0.0.1:${redis.port}`, { publishDeadlineMs: 60_000 });
  const { broker } = node.backend;
  await broker.publish(makePublication(ROOM));
  await redis.command('ACL', 'SETUSER', 'node', '-script');
  await redis.command('SCRIPT', 'FLUSH');
  const refused = [1, 2].map(async () => broker.publish(makePublication(ROOM)));
  for (const one of refused)
    await expect(one).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('+script') });
  await redis.command('ACL', 'SETUSER', 'node', '+script');
  await eventually(async () =>
    expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended' }),
  );
});

test('a connection for replicas that may not load its scripts is tried again each second, and says why', async () => {
  await using redis = await startRedis();
  await redis.command('ACL', 'SETUSER', 'node', 'on', '>secret', '~*', '&*', '+@all');
  let loads = 0;
  const redisCommand = (name: string) => {
    if (name === 'script') loads += 1;
  };
  await using node = await startNode(`redis://node:secret@127.0.0.1:${redis.port}`, { observer: { redisCommand } });
  const publish = async () => node.backend.broker.publish(makePublication(ROOM, { minReplicas: 1 }));
  await expect(publish()).rejects.toMatchObject({ code: 'unknown_outcome' });
  await redis.command('ACL', 'SETUSER', 'node', '-script');
  const [[, id] = []] = String(await redis.command('CLIENT', 'LIST')).matchAll(REPLICATED);
  loads = 0;
  await redis.command('CLIENT', 'KILL', 'ID', String(id));
  await eventually(() => loads >= 1);
  const startedAt = performance.now();
  await eventually(() =>
    expect(publish()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('+script') }),
  );
  await eventually(() => loads >= 3);
  expect(performance.now() - startedAt).toBeGreaterThan(1_500);
  await redis.command('ACL', 'SETUSER', 'node', '+script');
  await eventually(() => expect(publish()).rejects.toMatchObject({ code: 'unknown_outcome' }));
});
