import { builtInContract, defineContract, durable } from '@trunkline/protocol/contract';
import { canonicalDialect } from '@trunkline/server';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { falconDialect } from '../src/falcon/index.js';
import { serverMessageSchema } from '../src/falcon/schema.js';
import { connectBearer, connectSdk, next, open, refusal, say } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const PATH = '/websocket/connect';
const ORIGIN = 'https://app.example.com';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const start = () => startHub([falconDialect(), canonicalDialect()], { allowedOrigins: [ORIGIN] });

/** A connection whose own room is joined. */
async function join(served: StartedHub, userId: string, rooms: readonly string[] = []) {
  const client = await connectBearer(served, PATH, await served.token(userId));
  const joined = (room: string) =>
    client.take((message) => message.type === 'room_joined' && message.room === room, room);
  await joined(`user:${userId}`);
  for (const room of rooms) {
    say(client, { type: 'room_update', room, data: { action: 'join' } });
    await joined(room);
  }
  return client;
}

test('joins the user’s own room and every group by itself', async () => {
  await using served = await start();
  await served.relate('group:a member alice', 'group:b member alice', 'group:c member bob');
  await using alice = await join(served, 'alice');
  const joined = [await next(alice, 'room_joined'), await next(alice, 'room_joined')];
  expect(joined.map(({ room }) => room).sort()).toEqual(['group:a', 'group:b']);
  expect(joined[0]).toEqual({
    type: 'room_joined',
    room: expect.any(String),
    data: { members: expect.any(Array) },
    timestamp: TIME,
  });
});

test('relation changes move a live connection and tell it', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  await served.relate('group:fleet member alice');
  const change = { user_id: 'alice', group_id: 'fleet', group_name: 'fleet' };
  expect(await next(alice, 'group_membership_change')).toEqual({
    type: 'group_membership_change',
    data: { ...change, joined: true },
    timestamp: TIME,
  });
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:fleet' });
  await served.unrelate('group:fleet member alice');
  expect(await next(alice, 'group_membership_change')).toMatchObject({ data: { ...change, joined: false } });
  expect(await next(alice, 'room_left')).toMatchObject({ room: 'group:fleet' });
  say(alice, { type: 'message', room: 'group:fleet', data: { text: 'x' } });
  expect(await next(alice, 'error')).toMatchObject({ room: 'group:fleet', data: { code: 'forbidden' } });
});

test('data is whatever the contract allows in the room, to a room and to a connection', async () => {
  const text = durable(z.string(), { publish: ['user'] });
  const fleet = { join: ['user' as const], events: { message: text } };
  const contract = defineContract({ ...builtInContract, rooms: { ...builtInContract.rooms, fleet } });
  await using served = await startHub([falconDialect()], { contract });
  await using alice = await join(served, 'alice', ['fleet:1']);
  await using bob = await join(served, 'bob', ['fleet:1']);
  say(bob, { type: 'message', room: 'fleet:1', data: 'Hello!' });
  const message = await next(alice, 'message');
  expect(message).toMatchObject({ room: 'fleet:1', data: 'Hello!' });
  say(alice, { type: 'message', room: 'fleet:1', to: message.from, data: 'Hello, Bob!' });
  expect(await bob.take(({ to }) => to === message.from, 'direct')).toMatchObject({ data: 'Hello, Bob!' });
  for (const [data, code] of [
    [{ text: 'x' }, 'invalid_data'],
    [undefined, 'invalid_frame'],
  ] as const) {
    say(alice, { type: 'message', room: 'fleet:1', data });
    expect(await next(alice, 'error')).toMatchObject({ data: { code } });
  }
});

test('a group that was left is joined again only when its own relation is given anew', async () => {
  await using served = await start();
  await served.relate('group:a member alice');
  await using alice = await join(served, 'alice');
  await next(alice, 'room_joined');
  say(alice, { type: 'room_update', room: 'group:a', data: { action: 'leave' } });
  await next(alice, 'room_left');
  await served.relate('booking:42 owner alice', 'group:b member alice');
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:b' });
  await served.unrelate('group:a member alice');
  await served.relate('group:a member alice');
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:a' });
});

test('presence comes from the connection whose status it shows', async () => {
  await using served = await start();
  await served.relate('group:g member alice', 'group:g member bob');
  await using bob = await join(served, 'bob');
  const from = async (status: string): Promise<unknown> =>
    (await bob.take(({ type, data }) => type === 'presence' && JSON.stringify(data).includes(status), status)).from;
  const senders = new Set<unknown>();
  for (const status of ['away', 'busy', 'idle', 'gone']) {
    const alice = await join(served, 'alice');
    await alice.take(({ type, room }) => type === 'room_joined' && room === 'group:g', 'group:g');
    say(alice, { type: 'message', room: 'group:g', data: { text: status } });
    const message = await bob.take(
      ({ type, data }) => type === 'message' && JSON.stringify(data).includes(status),
      status,
    );
    say(alice, { type: 'presence', room: 'group:g', data: { status } });
    expect(await from(status)).toBe(message.from);
    senders.add(message.from);
  }
  expect(senders.size).toBe(4);
});

test('a message to a group comes from its sender’s connection, by which it is answered directly', async () => {
  await using served = await start();
  await served.relate('group:g member alice', 'group:g member bob', 'group:g member eve');
  await using alice = await join(served, 'alice');
  await using bob = await join(served, 'bob');
  await using eve = await join(served, 'eve');
  for (const client of [alice, bob, eve])
    await client.take(({ type, room }) => type === 'room_joined' && room === 'group:g', 'group:g');
  say(alice, { type: 'message', room: 'group:g', from: 'forged', data: { text: 'Hello!', sender: 'User' } });
  const message = await next(bob, 'message');
  expect(message).toEqual({
    type: 'message',
    room: 'group:g',
    from: expect.any(String),
    data: { text: 'Hello!', sender: 'User' },
    timestamp: TIME,
    id: expect.any(String),
  });
  expect(message.from).not.toBe('forged');
  expect(await next(alice, 'message')).toEqual(message);
  await next(eve, 'message');

  say(bob, { type: 'message', to: message.from, data: { text: 'psst' } });
  const direct = await next(alice, 'message');
  expect(direct).toMatchObject({ data: { text: 'psst' }, from: expect.any(String), to: message.from });
  expect(direct.from).not.toBe(message.from);
  say(bob, { type: 'custom_event', to: 'nobody', data: {} });
  await next(bob, 'error');
  say(bob, { type: 'message', room: 'group:g', data: { text: 'all' } });
  await eve.take(({ data }) => JSON.stringify(data) === '{"text":"all"}', 'all');
  expect(JSON.stringify(eve.seen)).not.toContain('psst');
});

test.each([
  ['support:7', 'senderId', { ticketId: '7', message: { id: 'm', message: 'Hi', createdAt: 'now' } }],
  ['shipvox:all', 'user', { type: 'quote_ready', payload: {}, requestId: 'r' }],
])('a forged sender in %s reaches no member', async (room, field, said) => {
  await using served = await start();
  await served.relate('support:7 creator alice', 'support:7 agent bob');
  await using alice = await join(served, 'alice', [room]);
  await using bob = await join(served, 'bob', [room]);
  await using sdk = await connectSdk(served, 'bob', [room]);
  say(alice, { type: 'message', room, data: { ...said, [field]: 'mallory' } });
  const data = { ...said, [field]: 'alice' };
  expect((await next(bob, 'message')).data).toEqual(data);
  expect(await sdk.nextWhere(({ type }) => type === 'event', 'event')).toMatchObject({ data });
});

test('words a lobby back as each client sent it', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice', ['general']);
  await using bob = await join(served, 'bob', ['lobby:general']);
  say(alice, { type: 'message', room: 'general', data: { text: 'hi' } });
  expect(await next(alice, 'message')).toMatchObject({ room: 'general' });
  expect(await next(bob, 'message')).toMatchObject({ room: 'lobby:general' });
  say(alice, { type: 'custom_event', room: 'general', data: { kind: 'wave' } });
  expect(await next(bob, 'custom_event')).toMatchObject({ data: { kind: 'wave' } });
  say(alice, { type: 'room_update', room: 'general', data: { action: 'leave' } });
  expect(await next(alice, 'room_left')).toMatchObject({ room: 'general' });
});

test('a room one may not join or send to is an error, and so is a type only the server says', async () => {
  await using served = await start();
  await served.relate('thread:t member bob');
  await using alice = await join(served, 'alice');
  const frames = [
    { type: 'room_update', room: 'thread:t', data: { action: 'join' }, id: 'f-1' },
    { type: 'message', room: 'thread:t', data: { text: 'x' }, id: 'f-1' },
    { type: 'notification', room: 'user:bob', data: { message: 'x' }, id: 'f-1' },
    { type: 'room_update', room: 'lobby:a b', data: { action: 'join' }, id: 'f-1' },
    { type: 'room_update', room: 'x', data: { action: 'delete' }, id: 'f-1' },
    { type: 'system_notification', data: { text: 'x' }, id: 'f-1' },
    { type: 'room_joined', id: 'f-1' },
  ];
  for (const frame of frames) {
    say(alice, frame);
    const error = serverMessageSchema.parse(await next(alice, 'error'));
    expect(error).toMatchObject({ data: { code: expect.any(String), message: expect.any(String) }, id: 'f-1' });
  }
});

test('presence goes to the groups, with the status of the format', async () => {
  await using served = await start();
  await served.relate('group:g member alice', 'group:g member bob');
  await using bob = await join(served, 'bob');
  const alice = await join(served, 'alice');
  const presence = (status: string) =>
    bob.take(
      ({ type, data }) => type === 'presence' && JSON.stringify(data) === JSON.stringify({ user_id: 'alice', status }),
      status,
    );
  await presence('online');
  say(alice, { type: 'presence', data: { status: 'away' } });
  expect(await presence('away')).toEqual({
    type: 'presence',
    room: 'group:g',
    from: expect.any(String),
    data: { user_id: 'alice', status: 'away' },
    timestamp: TIME,
  });
  say(alice, { type: 'presence', room: 'group:g', data: { status: 'busy' } });
  await presence('busy');
  await alice[Symbol.asyncDispose]();
  await presence('offline');
});

test('a heartbeat is answered by a heartbeat', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  say(alice, { type: 'heartbeat', data: {}, timestamp: Date.now() });
  expect(await next(alice, 'heartbeat')).toEqual({ type: 'heartbeat', data: {}, timestamp: TIME });
});

test('heartbeats beyond the rate are refused like any message', async () => {
  const limits = { messagesPerSecond: 1, messageBurst: 3 };
  await using served = await startHub([falconDialect()], { limits });
  await using alice = await join(served, 'alice');
  for (let n = 0; n < 6; n++) say(alice, { type: 'heartbeat', id: `h-${n}` });
  const data = { code: 'rate_limited', message: expect.any(String) };
  expect(await next(alice, 'error')).toMatchObject({ id: 'h-3', data });
  await alice.take(({ id }) => id === 'h-5', 'h-5');
  expect(alice.seen.filter(({ type }) => type === 'heartbeat')).toHaveLength(3);
});

test('services reach a user and everybody', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  const profile = { user_id: 'alice', character_id: 123_456_789, profile: { character_name: 'Updated Name' } };
  const publish = (event: string, data: unknown) => served.hub.publish({ rooms: ['user:alice'], event, data });
  await publish('user_profile_update', profile);
  await publish('notification', { message: 'Ping' });
  await publish('group_membership_change', {
    user_id: 'alice',
    group_id: 'g',
    group_name: 'Fleet Commanders',
    joined: true,
  });
  await publish('status_update', { bookingId: '42', status: 'done' });
  await served.hub.broadcast('system_notification', { text: 'Restart at noon' });
  expect(await next(alice, 'user_profile_update')).toMatchObject({ data: profile, timestamp: TIME });
  expect(await next(alice, 'notification')).toMatchObject({ data: { message: 'Ping' } });
  expect(await next(alice, 'group_membership_change')).toMatchObject({ data: { group_name: 'Fleet Commanders' } });
  expect(await next(alice, 'custom_event')).toMatchObject({
    data: { event: 'status_update', data: { status: 'done' } },
  });
  expect(await next(alice, 'system_notification')).toMatchObject({ data: { text: 'Restart at noon' } });
  expect(alice.seen.every((message) => message.from === undefined || message.type === 'presence')).toBe(true);
  for (const message of alice.seen) serverMessageSchema.parse(message);
});

test('a broadcast of any event reaches everybody under a documented type', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  for (const type of ['system', 'notification', 'message', 'custom_event', 'user_profile_update']) {
    await served.hub.broadcast(type, { text: type });
    expect(await next(alice, type)).toEqual({ type, data: { text: type }, timestamp: TIME, id: expect.any(String) });
  }
  await served.hub.broadcast('maintenance', { at: 'noon' });
  expect(await next(alice, 'custom_event')).toMatchObject({ data: { event: 'maintenance', data: { at: 'noon' } } });
});

test('takes the cookie from allowed origins only', async () => {
  await using served = await start();
  const token = await served.token('alice');
  const headers = { Cookie: `other=1; falcon_auth_token=${token}`, Origin: ORIGIN };
  await using alice = await open(served, PATH, { headers });
  await next(alice, 'room_joined');
  for (const Origin of [`${ORIGIN}.evil.io`, 'http://app.example.com', 'null']) {
    expect(await refusal(served, PATH, { ...headers, Origin })).toMatchObject({ status: 403 });
  }
  expect(await refusal(served, PATH, { Cookie: headers.Cookie })).toMatchObject({ status: 401 });
  expect(await refusal(served, PATH)).toMatchObject({ status: 401 });
});

test('says when another try may do to a user with too many connections', async () => {
  await using served = await startHub([falconDialect()], { limits: { connectionsPerUser: 1 } });
  await using _first = await join(served, 'alice');
  await expect(connectBearer(served, PATH, await served.token('alice'))).rejects.toMatchObject({
    status: 429,
    headers: { 'retry-after': '5' },
  });
});

test('another method than GET is 405', async () => {
  await using served = await start();
  const response = await fetch(`http://127.0.0.1:${served.port}${PATH}`, { method: 'POST' });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
});

test('meets the SDK in lobbies, groups and threads: messages and presence', async () => {
  await using served = await start();
  await served.relate('group:g member alice', 'group:g member carol', 'thread:t member alice', 'thread:t member carol');
  await using alice = await join(served, 'alice', ['general', 'thread:t']);
  await using sdk = await connectSdk(served, 'carol', ['lobby:general', 'group:g', 'thread:t']);
  await alice.take(({ type, data }) => type === 'presence' && JSON.stringify(data).includes('carol'), 'presence');
  for (const [room, word] of [
    ['lobby:general', 'general'],
    ['group:g', 'group:g'],
    ['thread:t', 'thread:t'],
  ] as const) {
    await sdk.publish(room, 'message', { text: `sdk to ${room}` });
    const message = await alice.take(
      ({ type, data }) => type === 'message' && JSON.stringify(data).includes(`sdk to ${room}`),
      room,
    );
    expect(message).toMatchObject({ room: word, from: expect.any(String) });
    say(alice, { type: 'message', room: word, data: { text: `falcon to ${room}` } });
    await sdk.nextWhere(
      (frame) => frame.type === 'event' && JSON.stringify(frame.data).includes(`falcon to ${room}`),
      room,
    );
  }
});
