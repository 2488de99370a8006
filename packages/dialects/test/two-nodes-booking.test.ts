import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bookingDialect, bookingForeignChannels } from '../src/booking/index.js';
import { connect, next, say } from './support/clients.js';
import { startNode } from './support/start-node.js';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

test('booking: who joins a room once more misses nothing of it meanwhile', async () => {
  await using node = await startNode(redis, [bookingDialect()]);
  await node.relate('booking:again owner una');
  await using una = await connect(node, '/ws', await node.token('una'));
  const statuses = [...Array(60).keys()].map(String);
  say(una, { type: 'join', room: 'booking:again' });
  await next(una, 'joined_room');
  for (const status of statuses) {
    if (Number(status) % 3 === 0) say(una, { type: 'join', room: 'booking:again' });
    const data = { bookingId: 'again', status };
    await node.hub.publish({ rooms: ['booking:again'], event: 'status_update', data });
  }
  await una.take(({ status }) => status === statuses.at(-1), 'the last status');
  expect(una.seen.filter(({ type }) => type === 'status_update').map(({ status }) => status)).toEqual(statuses);
});

test('booking: typing is heard once by the others on both nodes, and not by who types', async () => {
  await using one = await startNode(redis, [bookingDialect()]);
  await using two = await startNode(redis, [bookingDialect()]);
  await one.relate(...['una', 'uwe', 'ute'].map((user) => `support:99 agent ${user}`));
  const enter = async (node: typeof one, user: string) => {
    const client = await connect(node, '/ws', await node.token(user));
    say(client, { type: 'join', room: 'support:99' });
    await next(client, 'joined_room');
    return client;
  };
  await using una = await enter(one, 'una');
  await using uwe = await enter(one, 'uwe');
  await using ute = await enter(two, 'ute');
  for (const isTyping of [true, false]) say(una, { type: 'typing', room: 'support:99', data: { isTyping } });
  say(ute, { type: 'typing', room: 'support:99', data: { isTyping: true } });
  const typed = (client: typeof una) => client.seen.filter(({ type }) => type === 'typing');
  await eventually(() => typed(una).length === 1 && typed(uwe).length === 3 && typed(ute).length === 2);
  const ofUna = [true, false].map((isTyping) => ({ type: 'typing', userId: 'una', isTyping }));
  const ofUte = { type: 'typing', userId: 'ute', isTyping: true };
  expect(typed(una)).toEqual([ofUte]);
  expect(typed(uwe)).toEqual(expect.arrayContaining([...ofUna, ofUte]));
  expect(typed(ute)).toEqual(ofUna);
});

test('booking: what another service publishes on Redis arrives once, though both nodes hear it', async () => {
  await using one = await startNode(redis, [bookingDialect()]);
  await using two = await startNode(redis, [bookingDialect()]);
  for (const node of [one, two]) {
    await bookingForeignChannels(node.hub, node.foreign, SILENT);
  }
  await one.relate(
    'booking:42 owner olga',
    'booking:42 technician tom',
    'support:7 creator olga',
    'support:7 agent tom',
  );
  const clients = [];
  for (const [node, userId] of [
    [one, 'olga'],
    [two, 'tom'],
  ] as const) {
    const client = await connect(node, '/ws', await node.token(userId));
    for (const room of ['booking:42', 'support:7', `user:${userId}`]) {
      say(client, { type: 'join', room });
      await next(client, 'joined_room');
    }
    clients.push(client);
  }
  await eventually(() => one.foreign.isHeard() && two.foreign.isHeard());
  const publish = (channel: string, message: unknown) => redis.command('PUBLISH', channel, JSON.stringify(message));
  const message = { id: 'm-1', message: 'Hello', createdAt: '2024-10-02T19:00:00.000Z' };
  await eventually(
    async () =>
      Number(await publish('technician:location', { bookingId: '1', location: { latitude: 1, longitude: 1 } })) === 2,
  );
  await publish('booking:status', { bookingId: '42', userId: 'olga', status: 'en_route' });
  await publish('support:message', { ticketId: '7', senderId: 'ann', message });
  await publish('technician:location', { bookingId: '42', location: { latitude: 24.7, longitude: 46.6 } });
  for (const client of clients) {
    await next(client, 'location_update');
    await next(client, 'status_update');
    await next(client, 'message');
  }
  // The newest place is kept for those who come later, on whichever node.
  for (const node of [one, two]) {
    await using late = await connect(node, '/ws', await node.token('tom'));
    say(late, { type: 'join', room: 'booking:42' });
    expect(await next(late, 'location_update')).toMatchObject({ location: { latitude: 24.7 } });
  }
  // Whatever was delivered twice is before this one.
  await publish('support:message', { ticketId: '7', senderId: 'ann', message: { ...message, id: 'm-2' } });
  for (const client of clients) {
    await next(client, 'message');
    for (const type of ['location_update', 'status_update']) {
      expect(client.seen.filter((seen) => seen.type === type)).toHaveLength(1);
    }
    await client[Symbol.asyncDispose]();
  }
});
