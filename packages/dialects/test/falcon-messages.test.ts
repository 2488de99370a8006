import { builtInContract, defineContract, durable } from '@trunkline/protocol/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { falconDialect } from '../src/falcon/index.js';
import { serverMessageSchema } from '../src/falcon/schema.js';
import { connectSdk, next, say } from './support/clients.js';
import { join, start, TIME } from './support/start-falcon.js';
import { startHub } from './support/start-hub.js';

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
