import { type RedisServer, startRedis, watchLeaks } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { startNode, startTwoNodes } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

serial('a closed node leaves no socket, timer or claim behind', async () => {
  await using _leaks = watchLeaks();
  await using node = await startNode(redis.url);
  const { presence, directory, roster, foreign, broker } = node.backend;
  await Promise.all([presence.start(), directory.start(), roster.start(), foreign.start(() => undefined)]);
  await broker.publish(makePublication('lobby:all', { minReplicas: 0 }));
});

test('all that rooms and requests leave in Redis has an end, and no look and no later write brings it nearer', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  const { broker, ledger } = backend;
  const monthMs = 30 * 86_400_000;
  await broker.read('lobby:read', { limit: 1 });
  await broker.bumpEpoch('lobby:bumped', 'none');
  await broker.purge('lobby:purged');
  for (const room of ['lobby:kept', 'lobby:emptied'])
    await broker.publish(makePublication(room, { log: { size: 10, ttlMs: monthMs } }));
  const { head } = await broker.read('lobby:kept', { limit: 1 });
  await broker.bumpEpoch('lobby:kept', head.epoch);
  await broker.purge('lobby:emptied');
  broker.emit('lobby:kept', 1, { key: 'a', ttlMs: monthMs });
  broker.emit('lobby:kept', 2, { key: 'b', ttlMs: 60_000 });
  expect(await broker.retained('lobby:kept')).toEqual([1, 2]);
  for (const key of ['runs', 'settled', 'released']) await ledger.claim(key, 'data', 60_000);
  await ledger.settle('settled', 1, 60_000);
  await ledger.release('released', 1);
  await ledger.advance({ room: 'lobby:kept', epoch: 'e', userId: 'ann', kind: 'read', offset: 1 });
  const found = [await redis.command('KEYS', `${pair.prefix}:*{*`), await redis.command('KEYS', `${pair.prefix}:req*`)];
  const ends = new Map<string, number>();
  for (const key of found.join().split(',')) {
    ends.set(key.slice(pair.prefix.length + 1), Number(await redis.command('PTTL', key)));
  }
  for (const [key, endsInMs] of ends) expect(endsInMs, key).toBeGreaterThan(0);
  const lasting = [
    'emptied}:meta',
    'kept}:log',
    'kept}:meta',
    'kept}:receipts',
    'kept}:retained',
    'kept}:retained-order',
  ];
  for (const key of lasting) expect(ends.get(`{lobby:${key}`), key).toBeGreaterThan(monthMs - 60_000);
  // Besides: meta of three rooms, three requests, two publishes remembered.
  expect(ends.size).toBe(lasting.length + 8);
});

test('a room that everybody left keeps nothing in Redis but its version, and that has an end', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  const kept = async () =>
    String(await redis.command('KEYS', `${pair.prefix}:*present*`))
      .split(',')
      .sort();
  const version = `${pair.prefix}:{lobby:all}:present-version`;
  await one?.touch('lobby:all', { userId: 'ann', connectionId: 'a1', state: null });
  await two?.touch('lobby:all', { userId: 'bob', connectionId: 'b1', state: null });
  expect(await kept()).toHaveLength(5);
  expect(await redis.command('ZCARD', `${pair.prefix}:leases`)).toBe(2);
  expect(await redis.command('PTTL', version)).toBe(-1);
  await one?.remove('lobby:all', 'a1');
  await two?.close();
  await one?.sweep();
  expect(await kept()).toEqual([version]);
  expect(await redis.command('ZCARD', `${pair.prefix}:leases`)).toBe(1);
  expect(Number(await redis.command('PTTL', version))).toBeGreaterThan(0);
  await one?.touch('lobby:all', { userId: 'ann', connectionId: 'a1', state: null });
  expect(await redis.command('PTTL', version)).toBe(-1);
});
