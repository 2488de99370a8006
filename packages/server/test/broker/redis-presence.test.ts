import { createId } from '@trunkline/protocol';
import { eventually, type RedisServer, startFaultProxy, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import { startNode, startTwoNodes } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

test('presence is exact again after Redis lost everything', async () => {
  await using own = await startRedis();
  await using node = await startNode(own.url, { presenceLeaseMs: 1_000 });
  const { presence } = node.backend;
  await presence.start();
  await presence.touch('lobby:all', { userId: 'ann', connectionId: 'c1', state: null });
  await own.command('FLUSHALL');
  expect(await presence.renew()).toBe('lost');
  await presence.touch('lobby:all', { userId: 'ann', connectionId: 'c1', state: null });
  expect((await presence.list('lobby:all')).members).toHaveLength(1);
  expect(await presence.renew()).toBe('held');
});

test('a node that could not reach Redis takes no other for dead when it comes back: that one may come back later', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using cut = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using pair = await startTwoNodes(redis, { prefix, presenceLeaseMs: 200 });
  const [silent, witness] = pair.nodes.map(({ backend }) => backend.presence);
  await silent?.touch('lobby:all', { userId: 'ann', connectionId: 'a1', state: null });
  await proxy.down();
  proxy.rstAll();
  await expect(cut.backend.presence.sweep()).rejects.toMatchObject({ code: 'unavailable' });
  await eventually(async () => (await witness?.list('lobby:all'))?.members.length === 0);
  await proxy.up();
  const swept = () => cut.backend.presence.sweep().catch(() => undefined);
  await eventually(async () => expect(await swept()).toEqual([]), { timeoutMs: 10_000 });
  expect(await witness?.sweep()).toMatchObject([{ change: 'leave', member: { userId: 'ann' } }]);
});

test('the members of a node that closed are swept by another at once', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  await one?.start();
  await two?.start();
  await two?.touch('lobby:all', { userId: 'bob', connectionId: 'b1', state: null });
  await two?.close();
  expect((await one?.list('lobby:all'))?.members).toEqual([]);
  expect(await one?.sweep()).toMatchObject([{ change: 'leave', member: { userId: 'bob' } }]);
});

test('a node answers in Redis for the rooms that its members are in, and for none that they left', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  const ann = { userId: 'ann', connectionId: 'a1', state: null };
  await one?.touch('lobby:kept', ann);
  await two?.touch('lobby:kept', { userId: 'bob', connectionId: 'b1', state: null });
  await one?.touch('lobby:left', ann);
  await one?.touch('lobby:left', { ...ann, connectionId: 'a2' });
  const noted = async () => {
    const keys = String(await redis.command('KEYS', `${pair.prefix}:lease-rooms:*`)).split(',');
    return (await Promise.all(keys.map(async (key) => String(await redis.command('SMEMBERS', key))))).sort();
  };
  await one?.remove('lobby:left', 'a1');
  expect(await noted()).toEqual(['lobby:kept', expect.stringContaining('lobby:left')]);
  await one?.remove('lobby:left', 'a2');
  expect(await noted()).toEqual(['lobby:kept', 'lobby:kept']);
  await one?.remove('lobby:kept', 'a1');
  expect(await noted()).toEqual(['lobby:kept']);
});

test('of a room of any size, all whom a dead node had there leave it, though some left before', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
  for (const userId of users) await one?.touch('lobby:large', { userId, connectionId: userId, state: null });
  const [left, ...others] = users;
  await one?.remove('lobby:large', String(left));
  await one?.close();
  const changes = await two?.sweep();
  expect(changes?.map(({ change, member }) => `${change} ${member.userId}`).sort()).toEqual(
    others.map((userId) => `leave ${userId}`).sort(),
  );
  expect((await two?.list('lobby:large'))?.members).toEqual([]);
});
