import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionsDialect, actionsService } from '../src/actions/index.js';
import { everySpeaker } from './support/every-speaker.js';
import { join, startNode } from './support/start-node.js';

const speakers = await everySpeaker();

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

describe.each(speakers)('$name on two nodes', (speaker) => {
  test('everything arrives once and in order, wherever it was said', async () => {
    await using one = await startNode(redis, [speaker.dialect()]);
    await using two = await startNode(redis, [speaker.dialect()]);
    await using first = await join(one, speaker, speaker.users[0]);
    await using second = await join(two, speaker, speaker.users[1]);
    const count = 30;
    for (let n = 0; n < count; n++) {
      const { event, data } = speaker.heard(n);
      await (n % 2 === 0 ? one : two).hub.publish({ rooms: [speaker.room], event, data });
    }
    for (const client of [first, second]) {
      await client.take(speaker.heard(count - 1).matches, 'the last event');
      const order = client.seen.flatMap((message) =>
        [...Array(count).keys()].filter((n) => speaker.heard(n).matches(message)),
      );
      expect(order).toEqual([...Array(count).keys()]);
    }
  });

  const { said } = speaker;
  // booking and actions have only words that are not for all.
  if (!said) return;
  test('what its clients say on either node is heard once on both, in each one’s order', async () => {
    await using one = await startNode(redis, [speaker.dialect()]);
    await using two = await startNode(redis, [speaker.dialect()]);
    await using first = await join(one, speaker, speaker.users[0]);
    await using second = await join(two, speaker, speaker.users[1]);
    const numbers = [...Array(40).keys()];
    for (const n of numbers) (n % 2 === 0 ? first : second).send(said(n).frame);
    for (const client of [first, second]) {
      // What reached the room is in the message that came of it.
      const order = () => client.seen.flatMap((message) => numbers.filter((n) => said(n).matches(message)));
      await eventually(() => order().length >= numbers.length);
      for (const half of [0, 1])
        expect(order().filter((n) => n % 2 === half)).toEqual(numbers.filter((n) => n % 2 === half));
    }
  });
});

test('actions: a client comes back to another node, and hears its company there', async () => {
  await using two = await startNode(redis, [actionsDialect()]);
  const one = await startNode(redis, [actionsDialect()]);
  const token = await one.token('alice', { company_id: 'acme' });
  let port = one.port;
  const socket = io(`http://127.0.0.1:${port}`, {
    path: '/realtime',
    auth: { token },
    query: { sessionId: 's' },
    transports: ['websocket'],
    reconnectionDelay: 20,
    forceNew: true,
  });
  socket.io.on('reconnect_attempt', () => {
    // What a load balancer does.
    Object.assign(socket.io, { uri: `http://127.0.0.1:${port}` });
    socket.io.opts.port = String(port);
  });
  let connects = 0;
  const updates: unknown[] = [];
  socket.on('connect', () => connects++);
  socket.on('message', (message) => updates.push(JSON.parse(message).requestId));
  await eventually(() => connects === 1);
  await actionsService(two.hub).sendUpdate('acme', { action: 'x', requestId: 'before' });
  await eventually(() => updates.length === 1);
  port = two.port;
  await one[Symbol.asyncDispose]();
  await eventually(() => connects === 2);
  await actionsService(two.hub).sendUpdate('acme', { action: 'x', requestId: 'after' });
  await eventually(() => updates.length === 2);
  expect(updates).toEqual(['before', 'after']);
  socket.disconnect();
});
