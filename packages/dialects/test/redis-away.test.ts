import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { bookingDialect, bookingService } from '../src/booking/index.js';
import { falconDialect } from '../src/falcon/index.js';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { connect, connectBearer, next, say } from './support/clients.js';
import { startNode } from './support/start-node.js';

test('booking goes on locally while Redis is away, and shows nothing twice when it is back', async () => {
  await using redis = await startRedis({ appendonly: true });
  await using node = await startNode(redis, [bookingDialect()]);
  await node.relate('booking:1 owner alice', 'support:7 creator alice', 'support:7 agent ann');
  await using alice = await connect(node, '/ws', await node.token('alice'));
  await using ann = await connect(node, '/ws', await node.token('ann'));
  for (const [client, room] of [
    [alice, 'user:alice'],
    [alice, 'booking:1'],
    [alice, 'support:7'],
    [ann, 'support:7'],
  ] as const) {
    say(client, { type: 'join', room });
    await next(client, 'joined_room');
  }
  const service = bookingService(node.hub);
  await service.broadcastBookingStatus('1', 'alice', 'before');
  await next(alice, 'status_update');

  await redis.kill();
  await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 15_000 });
  const published = await service.broadcastBookingStatus('1', 'alice', 'while away');
  expect(published.provisional).toBe(true);
  expect(await next(alice, 'status_update')).toMatchObject({ status: 'while away' });

  const place = { latitude: 24.7136, longitude: 46.6753 };
  await service.broadcastTechnicianLocation('1', place);
  expect(await next(alice, 'location_update')).toMatchObject({ location: place });
  const support = { id: 'm-1', message: 'Hello', createdAt: '2024-10-02T19:00:00.000Z' };
  await service.broadcastSupportMessage('7', 'ann', support);
  expect(await next(alice, 'message')).toMatchObject({ message: support });
  say(ann, { type: 'typing', room: 'support:7', data: { isTyping: true } });
  expect(await next(alice, 'typing')).toMatchObject({ userId: 'ann' });

  await redis.start();
  await eventually(() => node.hub.status().state === 'ready', { timeoutMs: 15_000 });
  await eventually(async () =>
    JSON.stringify(await node.hub.history('user:alice', { limit: 10 })).includes('while away'),
  );
  await service.broadcastBookingStatus('1', 'alice', 'after');
  await alice.take(({ status }) => status === 'after', 'after');
  const statuses = alice.seen.filter(({ type }) => type === 'status_update').map(({ status }) => status);
  expect(statuses).toEqual(['before', 'while away', 'after']);
  expect(alice.seen.filter(({ type }) => type === 'message')).toHaveLength(1);
});

test('a booking client is brought back to the rooms that an outage took, with what was said meanwhile', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using elsewhere = await startNode(redis, []);
  const limits = { authorisationStaleMs: 1_000 };
  await using node = await startNode({ url: `redis://127.0.0.1:${proxy.port}` }, [bookingDialect()], { limits });
  const rooms = ['support:left', 'support:lost', 'booking:1', 'support:7'];
  await elsewhere.relate(...rooms.map((room) => `${room} ${room === 'booking:1' ? 'owner' : 'creator'} alice`));
  await using alice = await connect(node, '/ws', await node.token('alice'));
  for (const room of rooms) {
    say(alice, { type: 'join', room });
    await next(alice, 'joined_room');
  }

  await proxy.down();
  proxy.rstAll();
  for (const room of rooms) expect(await next(alice, 'left_room')).toMatchObject({ room });
  say(alice, { type: 'leave', room: 'support:left' });
  expect(await next(alice, 'left_room')).toMatchObject({ room: 'support:left' });
  await elsewhere.unrelate('support:lost creator alice');
  await bookingService(elsewhere.hub).broadcastBookingStatus('1', 'alice', 'meanwhile');

  await proxy.up();
  expect(await next(alice, 'joined_room')).toMatchObject({ room: 'booking:1' });
  expect(await next(alice, 'status_update')).toMatchObject({ bookingId: '1', status: 'meanwhile' });
  expect(await next(alice, 'joined_room')).toMatchObject({ room: 'support:7' });
});

test('a falcon client that comes while Redis is away is in its own room at once, in its groups when Redis is back', async () => {
  await using redis = await startRedis({ appendonly: true });
  await using node = await startNode(redis, [falconDialect()]);
  await node.relate('group:fleet member alice');
  await redis.kill();
  await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 15_000 });

  await using alice = await connectBearer(node, '/websocket/connect', await node.token('alice'));
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'user:alice' });
  const notification = { rooms: ['user:alice'], event: 'notification', data: { message: 'while away' } };
  expect(await node.hub.publish(notification)).toMatchObject({ provisional: true });
  expect(await next(alice, 'notification')).toMatchObject({ data: notification.data });

  await redis.start();
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:fleet' });
  await eventually(async () => (await node.hub.history('user:alice', { limit: 10 })).entries.length === 1);
  expect(alice.seen.filter(({ type }) => type === 'notification')).toHaveLength(1);
});

test('nobody is told gone who stayed over an outage longer than the presence lease', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  const presenceLeaseMs = 4_000;
  const dialects = [falconDialect(), secureconnectDialect()];
  await using one = await startNode(redis, dialects, { presenceLeaseMs });
  await using two = await startNode({ url: `redis://127.0.0.1:${proxy.port}` }, dialects, { presenceLeaseMs });
  const [ann, bob] = ['523e4567-e89b-12d3-a456-426614174000', '623e4567-e89b-12d3-a456-426614174000'];
  const conversation = '550e8400-e29b-41d4-a716-446655440000';
  const chat = `/v1/ws/chat?conversation_id=${conversation}`;
  for (const user of [ann, bob])
    await one.relate(`group:fleet member ${user}`, `conversation:${conversation} participant ${user}`);
  const stay = async (node: typeof one, user: string) => {
    const token = await node.token(user);
    const falcon = await connectBearer(node, '/websocket/connect', token);
    await falcon.take(({ room }) => room === 'group:fleet', 'group:fleet');
    return { falcon, chat: await connectBearer(node, chat, token) };
  };
  const annHere = await stay(one, ann);
  const bobThere = await stay(two, bob);
  await annHere.chat.take(({ sender_id }) => sender_id === bob, 'bob joined');
  const clients = [annHere.falcon, annHere.chat, bobThere.falcon, bobThere.chat];

  const leases = async () => [await redis.command('ZRANGE', 'trunkline:leases', '0', '-1')].flat();
  const before = await leases();
  const isReady = (node: typeof one) => node.hub.status().state === 'ready';
  redis.pause();
  await proxy.down();
  proxy.rstAll();
  await delay(1.5 * presenceLeaseMs);
  redis.resume();
  await eventually(() => isReady(one), { timeoutMs: 10_000 });
  // Nodes do not come back in one moment.
  await proxy.up();
  await eventually(() => isReady(two), { timeoutMs: 10_000 });
  const isRenewed = (now: unknown[]) => now.length === 2 && !before.some((lease) => now.includes(lease));
  await eventually(async () => isRenewed(await leases()), { timeoutMs: 15_000 });
  say(bobThere.chat, { type: 'chat', content: 'still here' });
  for (const client of [annHere.chat, bobThere.chat]) await next(client, 'chat');

  const gone = clients.flatMap(({ seen }) =>
    seen.filter(
      ({ type, data }) => type === 'user_left' || (type === 'presence' && JSON.stringify(data).includes('offline')),
    ),
  );
  expect(gone).toEqual([]);
  for (const client of clients) await client[Symbol.asyncDispose]();
});
