import { canonicalDialect } from '@trunkline/server';
import { expect, test } from 'vitest';
import { actionsDialect } from '../src/actions/index.js';
import { connectActions } from '../src/actions/speaker.js';
import { bookingDialect } from '../src/booking/index.js';
import { falconDialect } from '../src/falcon/index.js';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { shipvoxDialect } from '../src/shipvox/index.js';
import { connect, connectBearer, connectSdk, next, say } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const ANN = '123e4567-e89b-12d3-a456-426614174000';
const start = () =>
  startHub([
    canonicalDialect(),
    shipvoxDialect(),
    bookingDialect(),
    secureconnectDialect(),
    falconDialect(),
    actionsDialect(),
  ]);

/** A falcon client in a room of another format's kind: its custom rooms. */
async function falcon(served: StartedHub, userId: string, room: string, claims = {}) {
  const client = await connectBearer(served, '/websocket/connect', await served.token(userId, claims));
  say(client, { type: 'room_update', room, data: { action: 'join' } });
  await client.take((message) => message.type === 'room_joined' && message.room === room, room);
  return client;
}

test('shipvox and falcon', async () => {
  await using served = await start();
  await using pilot = await falcon(served, 'pilot', 'shipvox:all');
  await using clerk = await connect(served, '/shipvox/ws', await served.token('clerk'));
  say(clerk, { type: 'quote_ready', payload: { price: 1 }, timestamp: Date.now(), requestId: 'q' });
  expect(await next(pilot, 'message')).toMatchObject({
    room: 'shipvox:all',
    data: { type: 'quote_ready', user: 'clerk' },
  });
  say(pilot, {
    type: 'message',
    room: 'shipvox:all',
    data: { type: 'label_created', payload: 2, requestId: 'l', user: 'clerk' },
  });
  expect(await next(clerk, 'label_created')).toMatchObject({ payload: 2, requestId: 'l', user: 'pilot' });
});

test('booking and falcon, in a ticket and at a user', async () => {
  await using served = await start();
  await served.relate('support:7 creator olga', 'support:7 agent pilot');
  await using pilot = await falcon(served, 'pilot', 'support:7');
  await using olga = await connect(served, '/ws', await served.token('olga'));
  for (const room of ['support:7', 'user:olga']) {
    say(olga, { type: 'join', room });
    await next(olga, 'joined_room');
  }
  await pilot.take(({ type, data }) => type === 'presence' && JSON.stringify(data).includes('olga'), 'presence');
  say(olga, { type: 'typing', room: 'support:7', data: { isTyping: true } });
  expect(await next(pilot, 'custom_event')).toMatchObject({ data: { event: 'typing', data: { isTyping: true } } });
  const message = { id: 'm-1', message: 'Hello', createdAt: '2024-10-02T19:00:00.000Z' };
  say(pilot, { type: 'message', room: 'support:7', data: { ticketId: '7', senderId: 'olga', message } });
  expect(await next(olga, 'message')).toMatchObject({ ticketId: '7', senderId: 'pilot', message });
  await using olgaInFalcon = await connectBearer(served, '/websocket/connect', await served.token('olga'));
  await next(olgaInFalcon, 'room_joined');
  await served.hub.publish({ rooms: ['user:olga'], event: 'status_update', data: { bookingId: '42', status: 'done' } });
  await next(olga, 'status_update');
  expect(await next(olgaInFalcon, 'custom_event')).toMatchObject({ data: { data: { bookingId: '42' } } });
});

test('secureconnect and falcon, with presence', async () => {
  await using served = await start();
  const room = `conversation:${CONVERSATION}`;
  await served.relate(`${room} participant ${ANN}`, `${room} participant pilot`);
  const path = `/v1/ws/chat?conversation_id=${CONVERSATION}`;
  await using ann = await connectBearer(served, path, await served.token(ANN));
  await next(ann, 'user_joined');
  const pilot = await falcon(served, 'pilot', room);
  expect(await next(ann, 'user_joined')).toMatchObject({ sender_id: 'pilot' });
  say(ann, { type: 'chat', content: 'hello' });
  expect(await next(pilot, 'custom_event')).toMatchObject({ data: { event: 'chat', data: { content: 'hello' } } });
  await pilot[Symbol.asyncDispose]();
  expect(await next(ann, 'user_left')).toMatchObject({ sender_id: 'pilot' });
});

test('actions and falcon, in their company', async () => {
  await using served = await start();
  const claims = { company_id: 'acme' };
  await using pilot = await falcon(served, 'pilot', 'company:acme', claims);
  await using editor = await connectActions(served.port, { token: await served.token('ed', claims) });
  await served.hub.publish({
    rooms: ['company:acme'],
    event: 'update',
    data: { action: 'x', requestId: 'u', data: 1 },
  });
  expect(await editor.take(({ type }) => type === 'UPDATE', 'UPDATE')).toMatchObject({ action: 'x', requestId: 'u' });
  expect(await next(pilot, 'custom_event')).toMatchObject({ data: { event: 'update', data: { action: 'x' } } });
});

test('a broadcast reaches every format that has a word for it, and harms none', async () => {
  await using served = await start();
  await using pilot = await connectBearer(served, '/websocket/connect', await served.token('pilot'));
  await using editor = await connectActions(served.port, { token: await served.token('ed') });
  await using olga = await connect(served, '/ws', await served.token('olga'));
  await using sdk = await connectSdk(served, 'sdk', []);
  for (const client of [pilot, olga])
    await client.take(({ type }) => type === 'room_joined' || type === 'connected', 'start');
  await served.hub.broadcast('system_notification', { text: 'Restart at noon' });
  expect(await next(pilot, 'system_notification')).toMatchObject({ data: { text: 'Restart at noon' } });
  expect(await next(editor, 'UPDATE')).toMatchObject({ action: 'system_notification' });
  await sdk.nextWhere((frame) => JSON.stringify(frame).includes('Restart at noon'), 'broadcast');
  say(olga, { type: 'join', room: 'user:olga' });
  await next(olga, 'joined_room');
  expect(olga.seen.map(({ type }) => type)).toEqual(['connected', 'joined_room']);
});
