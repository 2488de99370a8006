import { createId } from '@trunkline/protocol';
import { eventually, type RedisServer, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { startNode } from './backends.js';

const test = serial.concurrent;
const ROOM = 'lobby:all';

/** How many scripts were called by name. */
async function looksAt(redis: RedisServer): Promise<number> {
  return Number(/evalsha:calls=(\d+)/.exec(String(await redis.command('INFO', 'commandstats')))?.[1]);
}

test('a read has what was acknowledged before it was asked for, and those that wait share one', async () => {
  const prefix = createId();
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  let asked = 0;
  const redisCommand = (name: string) => {
    if (name === 'evalsha') asked += 1;
  };
  await using slow = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix, observer: { redisCommand } });
  await using other = await startNode(redis.url, { prefix });
  const read = async () => (await slow.backend.broker.read(ROOM, { after: 0, limit: 10 })).head.offset;
  await read();
  proxy.delay(200, 'down');
  asked = 0;
  const first = read();
  // It has looked by then, and is not answered yet.
  await eventually(async () => (await looksAt(redis)) >= 2);
  await other.backend.broker.publish(makePublication(ROOM));
  const later = await Promise.all([read(), read(), slow.backend.broker.read(ROOM, { limit: 0 }), read()]);
  expect(later.map((one) => (typeof one === 'number' ? one : one.head.offset))).toEqual([1, 1, 1, 1]);
  expect(asked).toBe(3);
  expect(await first).toBe(0);
  expect(await read()).toBe(1);
});

test('a read that failed does not fail those that waited for the next one', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`);
  const read = async () => node.backend.broker.read(ROOM, { limit: 1 });
  const log = `trunkline:{${ROOM}}:log`;
  await node.backend.broker.read('lobby:other', { limit: 1 });
  await redis.command('SET', log, 'not ours');
  proxy.delay(500, 'down');
  const failing = expect(read()).rejects.toMatchObject({ code: 'unavailable' });
  await eventually(async () => (await looksAt(redis)) >= 2);
  const next = read();
  await redis.command('DEL', log);
  await failing;
  expect((await next).head.offset).toBe(0);
});
