import { createId } from '@trunkline/protocol';
import { eventually, type RedisServer, startFaultProxy, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import type { RelationChange } from '../../src/seams/directory.js';
import { startNode, startTwoNodes } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

test('changes of relations reach a node whose subscriber is deaf, within two seconds', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using writer = await startNode(redis.url, { prefix });
  const heard: (RelationChange | null)[] = [];
  await node.backend.directory.start();
  node.backend.directory.onChange((change) => heard.push(change));
  proxy.connectionThat((sent) => sent.includes('subscribe')).hold('down');
  const change = { object: 'booking:1', relation: 'owner', user: 'u1', present: true };
  await writer.backend.directory.change(change);
  await eventually(() => heard.length > 0, { timeoutMs: 2_000 });
  expect(heard).toEqual([change]);
});

test('a node that was away hears what it missed before it is connected again, and is deaf meanwhile', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using writer = await startNode(redis.url, { prefix });
  const order: string[] = [];
  const { directory, broker } = node.backend;
  await directory.start();
  directory.onChange((change) => order.push(`change ${change?.present}`));
  const { suspect, status } = node.recorder;
  node.recorder.suspect = (rooms) => {
    order.push('suspect');
    suspect(rooms);
  };
  node.recorder.status = (now) => {
    order.push(now.state);
    status(now);
  };
  await proxy.down();
  proxy.rstAll();
  await eventually(() => broker.status.state === 'degraded');
  await eventually(() => directory.deafForMs() > 0, { timeoutMs: 4_000 });
  await expect(directory.check({ object: 'booking:2', relation: 'owner', user: 'u' })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const fact = { object: 'booking:2', relation: 'owner', user: 'u' };
  await writer.backend.directory.change({ ...fact, present: true });
  await writer.backend.directory.change({ ...fact, present: false });
  await proxy.up();
  await eventually(() => broker.status.state === 'connected');
  expect(order.filter((word) => word !== 'degraded').slice(0, 4)).toEqual([
    'change true',
    'change false',
    'suspect',
    'connected',
  ]);
  expect(directory.deafForMs()).toBe(0);
});

test('a lost log of relation changes makes every node check everything', async () => {
  await using own = await startRedis();
  await using node = await startNode(own.url);
  const { directory } = node.backend;
  await directory.start();
  const heard: (RelationChange | null)[] = [];
  directory.onChange((change) => heard.push(change));
  await own.command('FLUSHALL');
  await eventually(() => heard.includes(null), { timeoutMs: 3_000 });
});

test('the object decides, whatever the index of the user says', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  await backend.directory.start();
  await backend.directory.change({ object: 'group:1', relation: 'member', user: 'ann', present: true });
  await redis.command('SADD', `${pair.prefix}:relations-of:ann`, 'member group:2');
  expect(await backend.directory.objectsOf('ann', 'member', 'group')).toEqual(['group:1']);
});
