import { type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { falconDialect } from '../src/falcon/index.js';
import { connectBearer, next, say } from './support/clients.js';
import { startNode } from './support/start-node.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

test('falcon: what a client says as soon as it is open, it says as a member of its groups', async () => {
  await using node = await startNode(redis, [falconDialect()]);
  await node.relate('group:early member uma');
  await using uma = await connectBearer(node, '/websocket/connect', await node.token('uma'));
  say(uma, { type: 'message', room: 'group:early', data: { text: 'queued' } });
  expect(await next(uma, 'message')).toMatchObject({ room: 'group:early', data: { text: 'queued' } });
});

test('falcon: what a client says as soon as it is open is heard by its group, though it closes behind it', async () => {
  await using node = await startNode(redis, [falconDialect()]);
  await node.relate('group:brief member uma', 'group:brief member una');
  await using una = await connectBearer(node, '/websocket/connect', await node.token('una'));
  await una.take(({ room }) => room === 'group:brief', 'her group');
  const texts = ['one', 'two', 'three'];
  await using uma = await connectBearer(node, '/websocket/connect', await node.token('uma'));
  for (const text of texts) say(uma, { type: 'message', room: 'group:brief', data: { text } });
  uma.socket.close(1000);
  for (const text of texts) expect(await next(una, 'message')).toMatchObject({ room: 'group:brief', data: { text } });
});

test('falcon: relations, presence and direct messages cross nodes', async () => {
  await using one = await startNode(redis, [falconDialect()]);
  await using two = await startNode(redis, [falconDialect()]);
  const path = '/websocket/connect';
  await using fay = await connectBearer(one, path, await one.token('fay'));
  await using finn = await connectBearer(two, path, await two.token('finn'));
  for (const client of [fay, finn]) await next(client, 'room_joined');
  await two.relate('group:x member fay');
  await one.relate('group:x member finn');
  for (const client of [fay, finn]) {
    expect(await next(client, 'group_membership_change')).toMatchObject({ data: { group_id: 'x', joined: true } });
    expect(await next(client, 'room_joined')).toMatchObject({ room: 'group:x' });
  }
  say(fay, { type: 'message', room: 'group:x', data: { text: 'hi' } });
  const { from } = await next(finn, 'message');
  say(finn, { type: 'message', to: from, data: { text: 'direct' } });
  await fay.take(({ data }) => JSON.stringify(data) === '{"text":"direct"}', 'direct');
  say(fay, { type: 'presence', data: { status: 'away' } });
  await finn.take(({ type, data }) => type === 'presence' && JSON.stringify(data).includes('away'), 'away');
  await two.unrelate('group:x member fay');
  expect(await next(fay, 'room_left')).toMatchObject({ room: 'group:x' });
});
