import { canonicalDialect } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { expect, test, vi } from 'vitest';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { serverMessageSchema } from '../src/secureconnect/schema.js';
import { connectBearer, connectSdk, next, refusal, say } from './support/clients.js';
import type { WebSocketSpeaker } from './support/speak-web-socket.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const OTHER = '660e8400-e29b-41d4-a716-446655440000';
const PATH = '/v1/ws/chat';
const CHAT = `${PATH}?conversation_id=${CONVERSATION}`;
const ROOM = `conversation:${CONVERSATION}`;
const ALICE = '123e4567-e89b-12d3-a456-426614174000';
const BOB = '223e4567-e89b-12d3-a456-426614174000';
const UUID = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function start(options = {}): Promise<StartedHub> {
  const served = await startHub([secureconnectDialect(), canonicalDialect()], options);
  await served.relate(`${ROOM} participant ${ALICE}`, `${ROOM} participant ${BOB}`);
  return served;
}

async function join(served: StartedHub, userId: string) {
  const client = await connectBearer(served, CHAT, await served.token(userId));
  await next(client, 'user_joined');
  return client;
}

test('refuses before the upgrade with the documented status and body', async () => {
  await using served = await start();
  const bearer = async (userId: string, claims = {}) => ({
    Authorization: `Bearer ${await served.token(userId, claims)}`,
  });
  const alice = await bearer(ALICE);
  const missing = { status: 400, body: { error: 'conversation_id required' } };
  expect(await refusal(served, PATH, alice)).toEqual(missing);
  expect(await refusal(served, `${PATH}?conversation_id=`, alice)).toEqual(missing);
  expect(await refusal(served, `${PATH}?conversation_id=no-uuid`, alice)).toEqual(missing);
  const unauthorized = { status: 401, body: { error: 'unauthorized' } };
  expect(await refusal(served, CHAT)).toEqual(unauthorized);
  expect(await refusal(served, CHAT, { Authorization: 'Bearer x' })).toEqual(unauthorized);
  expect(await refusal(served, CHAT, await bearer(ALICE, { exp: 1 }))).toEqual(unauthorized);
  const invalidUser = { status: 500, body: { error: 'invalid user_id' } };
  expect(await refusal(served, CHAT, await bearer('alice'))).toEqual(invalidUser);
  expect(await refusal(served, CHAT, await bearer('root', { roles: ['admin'] }))).toEqual(invalidUser);
  const forbidden = { status: 403, body: { error: 'forbidden' } };
  expect(await refusal(served, `${PATH}?conversation_id=${OTHER}`, alice)).toEqual(forbidden);
  const plain = async (path: string, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${served.port}${path}`, { headers });
    return { status: response.status, body: response.status === 426 ? null : await response.json() };
  };
  expect(await plain(PATH, alice)).toEqual(missing);
  expect(await plain(CHAT)).toEqual(unauthorized);
  expect(await plain(CHAT, await bearer('alice'))).toEqual(invalidUser);
  expect(await plain(CHAT, alice)).toEqual({ status: 426, body: null });
  const { headers } = await fetch(`http://127.0.0.1:${served.port}${CHAT}`, { headers: alice });
  expect(headers.get('sec-websocket-version')).toBe('13');
  expect(served.hub.status().connections).toBe(0);
});

test('says when another try may do to a user with too many connections', async () => {
  await using served = await start({ limits: { connectionsPerUser: 1 } });
  await using _first = await join(served, ALICE);
  await expect(connectBearer(served, CHAT, await served.token(ALICE))).rejects.toMatchObject({
    status: 429,
    headers: { 'retry-after': '5' },
  });
});

test('another method than GET is 405, whoever asks', async () => {
  await using served = await start();
  const headers = { Authorization: `Bearer ${await served.token(ALICE)}` };
  for (const [path, init] of [
    [PATH, {}],
    [CHAT, { headers }],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${served.port}${path}`, { ...init, method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  }
});

test('takes the token by query too', async () => {
  await using served = await start();
  expect(await refusal(served, `${CHAT}&access_token=x`)).toMatchObject({ status: 401 });
  await using alice = await connectBearer(served, `${CHAT}&access_token=${await served.token(ALICE)}`, '');
  expect(await next(alice, 'user_joined')).toMatchObject({ sender_id: ALICE });
});

test('a chat goes to all, the sender too, with the server’s ids and time, and is kept', async () => {
  await using served = await start();
  await using alice = await join(served, ALICE);
  await using bob = await join(served, BOB);
  const content = 'g3R0eA== ciphertext';
  const claimed = { sender_id: BOB, message_id: 'forged', timestamp: 'forged', conversation_id: OTHER };
  say(alice, { type: 'chat', content, is_encrypted: true, message_type: 'text', metadata: { key: 'v' }, ...claimed });
  const chat = {
    type: 'chat',
    conversation_id: CONVERSATION,
    sender_id: ALICE,
    message_id: UUID,
    content,
    is_encrypted: true,
  };
  const whole = { ...chat, message_type: 'text', metadata: { key: 'v' }, timestamp: TIME };
  expect(await next(alice, 'chat')).toEqual(whole);
  expect(await next(bob, 'chat')).toEqual(whole);
  const { entries } = await served.hub.history(ROOM, { limit: 10 });
  expect(entries.map(({ event, data }) => ({ event, data }))).toEqual([
    { event: 'chat', data: { content, is_encrypted: true, message_type: 'text', metadata: { key: 'v' } } },
  ]);
});

test('typing and read go to the others', async () => {
  await using served = await start();
  await using alice = await join(served, ALICE);
  await using bob = await join(served, BOB);
  say(alice, { type: 'typing' });
  say(alice, { type: 'read', message_id: OTHER });
  const said = { conversation_id: CONVERSATION, sender_id: ALICE, timestamp: TIME };
  expect(await next(bob, 'typing')).toEqual({ type: 'typing', ...said });
  expect(await next(bob, 'read')).toEqual({ type: 'read', ...said, message_id: OTHER });
  say(alice, { type: 'chat', content: 'after' });
  await next(alice, 'chat');
  expect(alice.seen.map(({ type }) => type)).not.toContain('typing');
  expect(alice.seen.map(({ type }) => type)).not.toContain('read');
});

test('tells of users, not of devices, when they join and leave', async () => {
  await using served = await start();
  await using alice = await join(served, ALICE);
  const phone = await join(served, BOB);
  expect(await next(alice, 'user_joined')).toEqual({
    type: 'user_joined',
    conversation_id: CONVERSATION,
    sender_id: BOB,
    timestamp: TIME,
  });
  const desk = await connectBearer(served, CHAT, await served.token(BOB));
  say(desk, { type: 'chat', content: 'from the desk' });
  await next(desk, 'chat');
  await phone[Symbol.asyncDispose]();
  say(desk, { type: 'chat', content: 'still here' });
  await alice.take(({ content }) => content === 'still here', 'chat');
  expect(
    alice.seen.filter(({ sender_id, type }) => sender_id === BOB && type !== 'chat').map(({ type }) => type),
  ).toEqual(['user_joined']);
  await desk[Symbol.asyncDispose]();
  expect(await next(alice, 'user_left')).toEqual({
    type: 'user_left',
    conversation_id: CONVERSATION,
    sender_id: BOB,
    timestamp: TIME,
  });
});

test('meets the SDK in a conversation: chat, typing, read and presence, both ways', async () => {
  await using served = await start();
  await using alice = await join(served, ALICE);
  const sdk = await connectSdk(served, BOB, [ROOM]);
  expect(await next(alice, 'user_joined')).toMatchObject({ sender_id: BOB });
  await sdk.publish(ROOM, 'chat', { content: 'from the SDK' });
  const chat = await next(alice, 'chat');
  expect(serverMessageSchema.parse(chat)).toMatchObject({
    content: 'from the SDK',
    is_encrypted: false,
    message_type: 'text',
    metadata: {},
  });
  await sdk.publish(ROOM, 'typing', { isTyping: false });
  await sdk.publish(ROOM, 'typing', { isTyping: true });
  await sdk.publish(ROOM, 'read', { message_id: chat.message_id });
  expect(await next(alice, 'read')).toMatchObject({ sender_id: BOB, message_id: chat.message_id });
  expect(alice.seen.filter(({ type }) => type === 'typing')).toHaveLength(1);
  say(alice, { type: 'chat', content: 'to the SDK' });
  await sdk.nextWhere((frame) => frame.type === 'event' && JSON.stringify(frame.data).includes('to the SDK'), 'chat');
  await sdk.close();
  expect(await next(alice, 'user_left')).toMatchObject({ sender_id: BOB });
  for (const message of alice.seen) serverMessageSchema.parse(message);
});

test('pings every 54 s, and closes a peer that answered none for 60 s', async () => {
  // The hub's pulse and its clock; sockets and everything else are real.
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  try {
    await using served = await start();
    await using answering = await join(served, ALICE);
    const silent = await connectBearer(served, CHAT, await served.token(BOB));
    Object.assign(silent.socket, { _autoPong: false });
    const pinged = { answering: 0, silent: 0 };
    await using busy = await connectBearer(served, CHAT, await served.token(ALICE));
    answering.socket.on('ping', () => pinged.answering++);
    silent.socket.on('ping', () => pinged.silent++);
    /** Seconds pass one by one, and what the sockets have to say is heard in between; only `busy` ever says anything. */
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds; n++) {
        vi.advanceTimersByTime(1_000);
        say(busy, { type: 'read' });
        await next(busy, 'error');
      }
    };
    await pass(53);
    expect(pinged).toEqual({ answering: 0, silent: 0 });
    await pass(2);
    await eventually(() => pinged.answering === 1 && pinged.silent === 1);
    await pass(4);
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    await pass(2);
    expect(await silent.ended).toBe('1001');
    await pass(48);
    await eventually(() => pinged.answering === 2);
    expect(answering.socket.readyState).toBe(answering.socket.OPEN);
  } finally {
    vi.useRealTimers();
  }
});

test('pings by WebSocket frames and closes a peer that answers none', async () => {
  await using served = await start({ heartbeat: { intervalMs: 60, timeoutMs: 120 } });
  await using answering = await join(served, ALICE);
  await using silent = await connectBearer(served, CHAT, await served.token(BOB));
  let pings = 0;
  answering.socket.on('ping', () => pings++);
  silent.socket.removeAllListeners('ping');
  Object.assign(silent.socket, { _autoPong: false });
  expect(await silent.ended).toBe('1001');
  await eventually(() => pings > 2);
  expect(answering.socket.readyState).toBe(answering.socket.OPEN);
});

test.each([
  [{ intervalMs: 1_000 }, 60],
  [{ timeoutMs: 58_000 }, 58],
])('keeps the rest of its rhythm where the operator sets %o', async (heartbeat, seconds) => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  try {
    await using served = await start({ heartbeat });
    const silent = await connectBearer(served, CHAT, await served.token(BOB));
    await using busy = await connectBearer(served, CHAT, await served.token(ALICE));
    Object.assign(silent.socket, { _autoPong: false });
    /** What the sockets have to say is heard between the seconds. */
    const pass = async (count: number) => {
      for (let n = 0; n < count; n++) {
        vi.advanceTimersByTime(1_000);
        say(busy, { type: 'read' });
        await next(busy, 'error');
      }
    };
    await pass(seconds - 1);
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    await pass(2);
    expect(await silent.ended).toBe('1001');
  } finally {
    vi.useRealTimers();
  }
});

test('closes a peer that sends frames and answers no ping', async () => {
  await using served = await start({ heartbeat: { intervalMs: 60, timeoutMs: 120 } });
  await using busy = await join(served, ALICE);
  Object.assign(busy.socket, { _autoPong: false });
  const timer = setInterval(() => say(busy, { type: 'typing' }), 20);
  try {
    expect(await busy.ended).toBe('1001');
  } finally {
    clearInterval(timer);
  }
});

test('takes a message of 1 MB, closes 1009 for one byte more and 1003 for a binary one', async () => {
  await using served = await start();
  const alice = await join(served, ALICE);
  const room = 1_048_576 - JSON.stringify({ type: 'chat', content: '' }).length;
  say(alice, { type: 'chat', content: 'x'.repeat(room) });
  expect(String((await next(alice, 'chat')).content)).toHaveLength(room);
  say(alice, { type: 'chat', content: 'x'.repeat(room + 1) });
  expect(await alice.ended).toBe('1009');
  const bob = await join(served, BOB);
  bob.socket.send(Buffer.from('{"type":"typing"}'));
  expect(await bob.ended).toBe('1003');
});

test('takes no larger message than the server does', async () => {
  await using served = await start({ limits: { maxMessageBytes: 1_000 } });
  const alice = await join(served, ALICE);
  say(alice, { type: 'chat', content: 'x'.repeat(1_000) });
  expect(await alice.ended).toBe('1009');
});

test('ends with the close codes of the document’s table', async () => {
  const table: Readonly<Record<string, (served: StartedHub, alice: WebSocketSpeaker) => unknown>> = {
    1000: (_, alice) => alice.socket.close(1000, 'User logged out'),
    1001: (served) => served.hub.drain({ windowMs: 0, deadlineMs: 1_000 }),
    1006: (_, alice) => alice.socket.terminate(),
    1008: (served) => served.hub.disconnect(ALICE),
    1011: (_, alice) => {
      for (let n = 0; n < 100; n++) say(alice, { type: 'typing' });
    },
  };
  for (const [code, provoke] of Object.entries(table)) {
    await using served = await start({ limits: { messagesPerSecond: 1, messageBurst: 2 } });
    const alice = await join(served, ALICE);
    await provoke(served, alice);
    expect(await alice.ended).toBe(code);
  }
});

test('closes 1008 when a participant is one no more: the connection is in no other conversation', async () => {
  await using served = await start();
  const alice = await join(served, ALICE);
  await using bob = await join(served, BOB);
  await served.unrelate(`${ROOM} participant ${ALICE}`);
  expect(await alice.ended).toBe('1008');
  expect(await next(bob, 'user_left')).toMatchObject({ sender_id: ALICE });
});

test('read moves the reader’s receipt cursor', async () => {
  await using served = await start();
  await using alice = await join(served, ALICE);
  await using sdk = await connectSdk(served, BOB, [ROOM]);
  for (const content of ['one', 'two', 'three']) say(alice, { type: 'chat', content });
  const ids = [];
  for (let n = 0; n < 3; n++) ids.push((await next(alice, 'chat')).message_id);
  const cursor = async () => (await sdk.nextOf('receipt')).cursors;
  say(alice, { type: 'read', message_id: ids[1] });
  expect(await cursor()).toEqual([{ userId: ALICE, read: 2 }]);
  // A cursor is cumulative: an older message and an unknown one move nothing, a newer one does.
  say(alice, { type: 'read', message_id: ids[0] });
  say(alice, { type: 'read', message_id: OTHER });
  say(alice, { type: 'read', message_id: ids[2] });
  expect(await cursor()).toEqual([{ userId: ALICE, read: 3 }]);
});
