import { expect, test } from 'vitest';
import { serverMessageSchema } from '../src/secureconnect/schema.js';
import { connectBearer, connectSdk, next, say } from './support/clients.js';
import { ALICE, BOB, CHAT, CONVERSATION, join, OTHER, ROOM, start } from './support/start-secureconnect.js';

const UUID = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

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
