import { eventually, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';
import { freshPrefix, startNode, startPair } from './start-nodes.js';

const booking = { event: 'status_update', from: { service: 'orders' } } as const;

test('one id in two rooms names two publishes, with two events', async () => {
  await using node = await startHub();
  const [first, second] = [
    await node.hub.publish({ ...booking, rooms: ['booking:1'], data: { bookingId: '1', status: 'a' }, id: 'order-42' }),
    await node.hub.publish({ ...booking, rooms: ['booking:2'], data: { bookingId: '2', status: 'b' }, id: 'order-42' }),
  ];
  expect(second.eventId).not.toBe(first.eventId);
  const again = { ...booking, rooms: ['booking:2'], data: { bookingId: '2', status: 'b' }, id: 'order-42' } as const;
  expect(await node.hub.publish(again)).toMatchObject({ eventId: second.eventId, rooms: [{ duplicate: true }] });
});

test('what a service publishes again while Redis is away is shown once, and never with another payload', async () => {
  await using redis = await startRedis();
  await using node = await startNode({ url: redis.url, prefix: freshPrefix() });
  const publish = (id: string, status: string) =>
    node.hub.publish({ ...booking, rooms: ['booking:1'], data: { bookingId: '1', status }, id });
  await using ann = await connect(node, 'ann', { roles: ['admin'] });
  await ann.join('booking:1');
  const known = await publish('known', 'A');
  await ann.nextOf('event');
  redis.pause();
  await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 20_000 });
  expect(await publish('known', 'A')).toMatchObject({ eventId: known.eventId, provisional: true });
  const fresh = await publish('fresh', 'B');
  expect(fresh).toMatchObject({ provisional: true });
  expect(await publish('fresh', 'B')).toEqual(fresh);
  await expect(publish('fresh', 'C')).rejects.toMatchObject({ code: 'id_conflict' });
  expect(await ann.nextOf('event')).toMatchObject({ id: fresh.eventId, data: { status: 'B' }, provisional: true });
  redis.resume();
  expect(await ann.nextOf('event', 20_000)).toMatchObject({ id: fresh.eventId, offset: 2 });
  const { entries } = await node.hub.history('booking:1', { limit: 10 });
  expect(entries.map(({ data }) => (data as { status: string }).status)).toEqual(['A', 'B']);
}, 60_000);

test('a provisional publish that its id does not stand for is told in the log of the server', async () => {
  await using redis = await startRedis();
  const warnings: string[] = [];
  await using node = await startNode({ url: redis.url, prefix: freshPrefix(), warnings });
  const publish = (status: string) =>
    node.hub.publish({ ...booking, rooms: ['booking:1'], data: { bookingId: '1', status }, id: 'known' });
  await publish('A');
  redis.pause();
  await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 20_000 });
  expect(await publish('B')).toMatchObject({ provisional: true });
  redis.resume();
  await eventually(() => warnings.some((line) => line.includes('another payload')), { timeoutMs: 20_000 });
}, 60_000);

test('a drain that begins as Redis comes back waits for what a service was told is accepted', async () => {
  await using pair = await startPair();
  const { redis, here, there } = pair;
  redis.pause();
  await eventually(() => here.hub.status().state === 'degraded', { timeoutMs: 20_000 });
  for (const status of ['a', 'b', 'c'])
    await here.hub.publish({ ...booking, rooms: ['booking:1'], data: { bookingId: '1', status } });
  redis.resume();
  await eventually(() => here.hub.status().state === 'ready', { timeoutMs: 20_000, everyMs: 0 });
  expect(await here.hub.drain({ windowMs: 0, deadlineMs: 20_000 })).toEqual({ outbox: 0 });
  const { entries } = await there.hub.history('booking:1', { limit: 10 });
  expect(entries).toMatchObject([{ data: { status: 'a' } }, { data: { status: 'b' } }, { data: { status: 'c' } }]);
}, 60_000);

test('a drain does not wait for Redis to come back', async () => {
  await using redis = await startRedis();
  await using node = await startNode({ url: redis.url, prefix: freshPrefix() });
  redis.pause();
  await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 20_000 });
  await node.hub.publish({ ...booking, rooms: ['booking:1'], data: { bookingId: '1', status: 'a' } });
  const begunAt = performance.now();
  expect(await node.hub.drain({ windowMs: 0, deadlineMs: 20_000 })).toEqual({ outbox: 1 });
  expect(performance.now() - begunAt).toBeLessThan(10_000);
  redis.resume();
}, 60_000);
