import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRedisBackend } from '../../src/broker/redis/redis-backend.js';
import type { SessionEnd } from '../../src/seams/revocation-store.js';
import { createBrokerRecorder } from '../../src/testing/index.js';
import { freshPrefix } from '../hub/start-nodes.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A node's store, with all that it was told. */
async function startStore(prefix: string) {
  const { broker, revocations } = createRedisBackend({ url: redis.url, prefix });
  const told: SessionEnd[] = [];
  await broker.start(createBrokerRecorder());
  await revocations.start((end) => told.push(end));
  return {
    told,
    add: (end: SessionEnd) => revocations.add(end),
    async [Symbol.asyncDispose]() {
      await revocations.close();
      await broker.close();
    },
  };
}

const inAnHour = Date.now() + 3_600_000;
const ofUser = (userId: string, issuedBefore?: number, expiresAt = inAnHour): SessionEnd => ({
  type: 'revoke',
  revocation: { userId, expiresAt, ...(issuedBefore === undefined ? {} : { issuedBefore }) },
});

test('a later, narrower revocation weakens none', async () => {
  const prefix = freshPrefix();
  await using store = await startStore(prefix);
  await store.add(ofUser('ann'));
  await store.add(ofUser('ann', 5_000, inAnHour - 1_000));
  await store.add(ofUser('ben', 9_000));
  await store.add(ofUser('ben', 5_000, inAnHour + 1_000));
  await using later = await startStore(prefix);
  expect(later.told).toHaveLength(2);
  expect(later.told).toEqual(expect.arrayContaining([ofUser('ann'), ofUser('ben', 9_000, inAnHour + 1_000)]));
});

test('a node that starts is told every one of many, and each kind as it was given', async () => {
  const prefix = freshPrefix();
  await using store = await startStore(prefix);
  const ends: SessionEnd[] = Array.from({ length: 1_200 }, (_, n) => ({
    type: 'revoke',
    revocation: { tokenId: `t ${n}`, expiresAt: inAnHour },
  }));
  const odd: SessionEnd[] = [ofUser('t1'), ofUser('ü 1', 5_000), { type: 'disconnect', userId: 't1', at: Date.now() }];
  await Promise.all([...ends, ...odd].map((end) => store.add(end)));
  await using later = await startStore(prefix);
  expect(later.told).toHaveLength(1_203);
  expect(later.told).toEqual(expect.arrayContaining([...ends.slice(-10), ...odd]));
});

test('what ended by itself is forgotten in Redis, and told to nobody', async () => {
  const prefix = freshPrefix();
  await using store = await startStore(prefix);
  await store.add(ofUser('old', undefined, Date.now() - 1));
  await store.add(ofUser('new'));
  await using later = await startStore(prefix);
  expect(later.told).toEqual([ofUser('new')]);
  expect(await redis.command('HLEN', `${prefix}:session-ends`)).toBe(1);
});

test('a node hears what others add within the second of a poll, and junk in the keys is passed over', async () => {
  const prefix = freshPrefix();
  await using here = await startStore(prefix);
  await using there = await startStore(prefix);
  await here.add(ofUser('ann'));
  await eventually(() => there.told.length === 1, { timeoutMs: 1_500 });
  await redis.command('HSET', `${prefix}:session-ends`, 'x', 'junk');
  await redis.command('ZADD', `${prefix}:session-end-order`, '50', 'x');
  await redis.command('HSET', `${prefix}:session-end-meta`, 'offset', '50');
  await here.add(ofUser('ben'));
  await eventually(() => there.told.length === 2, { timeoutMs: 1_500 });
  expect(there.told).toEqual([ofUser('ann'), ofUser('ben')]);
});
