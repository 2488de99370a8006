import { canonicalDialect } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { bookingDialect, bookingForeignChannels, bookingService } from '../src/booking/index.js';
import { serverMessageSchema } from '../src/booking/schema.js';
import { connect, connectSdk, next, open, say } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const start = () => startHub([bookingDialect(), canonicalDialect()]);
const support = { id: 'm-1', message: 'Hello, how can I help?', createdAt: '2024-10-02T19:00:00.000Z' };
const place = { latitude: 24.7136, longitude: 46.6753 };

async function join(served: StartedHub, userId: string, rooms: readonly string[], claims = {}) {
  const client = await connect(served, '/ws', await served.token(userId, claims));
  await next(client, 'connected');
  for (const room of rooms) {
    say(client, { type: 'join', room });
    await client.take((message) => message.type === 'joined_room' && message.room === room, room);
  }
  return client;
}

test('says connected first, then confirms joins and leaves', async () => {
  await using served = await start();
  await served.relate('booking:42 owner alice');
  await using alice = await connect(served, '/ws', await served.token('alice'));
  say(alice, { type: 'join', room: 'booking:42' });
  await next(alice, 'joined_room');
  say(alice, { type: 'leave', room: 'booking:42' });
  expect(await next(alice, 'left_room')).toEqual({
    type: 'left_room',
    room: 'booking:42',
    timestamp: expect.any(String),
  });
  expect(alice.seen.map(({ type }) => type)).toEqual(['connected', 'joined_room', 'left_room']);
  expect(alice.seen[0]).toEqual({ type: 'connected', userId: 'alice', timestamp: expect.any(String) });
  for (const message of alice.seen) serverMessageSchema.parse(message);
});

test('lets owner, technician and admin into a booking, creator, agent and admin into a ticket, oneself and admin into a user', async () => {
  await using served = await start();
  await served.relate(
    'booking:42 owner olga',
    'booking:42 technician tom',
    'support:7 creator olga',
    'support:7 agent ann',
  );
  await (await join(served, 'olga', ['booking:42', 'support:7', 'user:olga']))[Symbol.asyncDispose]();
  await (await join(served, 'tom', ['booking:42']))[Symbol.asyncDispose]();
  await (await join(served, 'ann', ['support:7']))[Symbol.asyncDispose]();
  await (await join(served, 'root', ['booking:42', 'support:7', 'user:olga'], { roles: ['admin'] }))[
    Symbol.asyncDispose
  ]();
  await using eve = await join(served, 'eve', []);
  for (const room of [
    'booking:42',
    'support:7',
    'user:olga',
    'booking:none',
    'lobby:x',
    'booking:',
    '../x',
    'booking:a b',
  ]) {
    say(eve, { type: 'join', room });
    serverMessageSchema.parse(await next(eve, 'error'));
  }
  expect(eve.seen.some(({ type }) => type === 'joined_room')).toBe(false);
});

test('service functions arrive as documented, a status once on a connection in both rooms', async () => {
  await using served = await start();
  await served.relate('booking:42 owner alice', 'support:7 creator alice');
  await using alice = await join(served, 'alice', ['booking:42', 'user:alice', 'support:7']);
  const service = bookingService(served.hub);
  await service.broadcastBookingStatus('42', 'alice', 'en_route');
  await service.broadcastSupportMessage('7', 'ann', support);
  await service.broadcastSupportMessage('7', 'ann', support);
  await service.broadcastTechnicianLocation('42', place);
  const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(await next(alice, 'location_update')).toEqual({
    type: 'location_update',
    bookingId: '42',
    location: place,
    timestamp,
  });
  await eventually(() => alice.seen.some(({ type }) => type === 'message'));
  expect(alice.seen.filter(({ type }) => type === 'status_update')).toEqual([
    { type: 'status_update', bookingId: '42', status: 'en_route', timestamp },
  ]);
  expect(alice.seen.filter(({ type }) => type === 'message')).toEqual([
    { type: 'message', ticketId: '7', senderId: 'ann', message: support, timestamp },
  ]);
});

test('to the SDK the service is the sender, and a Date is ISO text', async () => {
  await using served = await start();
  await served.relate('booking:42 owner alice', 'support:7 creator alice');
  await using sdk = await connectSdk(served, 'alice', ['booking:42', 'support:7']);
  const service = bookingService(served.hub);
  await service.broadcastBookingStatus('42', 'alice', 'en_route');
  await service.broadcastTechnicianLocation('42', place);
  await service.broadcastSupportMessage('7', 'ann', { ...support, createdAt: new Date(support.createdAt) });
  for (const event of ['status_update', 'location_update', 'message']) {
    const said = await sdk.nextWhere((frame) => frame.type === 'event' && frame.event === event, event);
    expect(said).toMatchObject({ from: { service: 'booking' } });
    if (event === 'message') expect(said).toMatchObject({ data: { message: support } });
  }
});

test('a message of no time is refused like any bad data', async () => {
  await using served = await start();
  const message = { ...support, createdAt: new Date('soon') };
  const published = bookingService(served.hub).broadcastSupportMessage('7', 'ann', message);
  await expect(published).rejects.toMatchObject({ name: 'TrunklineError', code: 'invalid_data' });
});

test('a status reaches the user who is not in the booking’s room', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice', ['user:alice']);
  await bookingService(served.hub).broadcastBookingStatus('42', 'alice', 'done');
  expect(await next(alice, 'status_update')).toMatchObject({ bookingId: '42', status: 'done' });
});

test('a status reaches the booking’s room when its user’s id can name no room', async () => {
  await using served = await start();
  await served.relate('booking:42 owner auth0|5f7c');
  await using owner = await join(served, 'auth0|5f7c', ['booking:42']);
  await bookingService(served.hub).broadcastBookingStatus('42', 'auth0|5f7c', 'done');
  expect(await next(owner, 'status_update')).toMatchObject({ bookingId: '42', status: 'done' });
});

test('typing reaches the others of the ticket and not its sender', async () => {
  await using served = await start();
  await served.relate('support:7 creator alice', 'support:7 agent ann');
  await using alice = await join(served, 'alice', ['support:7']);
  await using ann = await join(served, 'ann', ['support:7']);
  say(alice, { type: 'typing', room: 'support:7', data: { isTyping: true } });
  expect(await next(ann, 'typing')).toEqual({ type: 'typing', userId: 'alice', isTyping: true });
  say(ann, { type: 'typing', room: 'support:7', data: { isTyping: false } });
  expect(await next(alice, 'typing')).toEqual({ type: 'typing', userId: 'ann', isTyping: false });
  expect(alice.seen.filter(({ type }) => type === 'typing')).toHaveLength(1);
});

test('a support message and a location from the SDK reach booking clients, under the sender’s own name', async () => {
  await using served = await start();
  await served.relate(
    'support:7 creator alice',
    'support:7 agent ann',
    'booking:42 owner alice',
    'booking:42 technician tom',
  );
  await using alice = await join(served, 'alice', ['support:7', 'booking:42']);
  await using ann = await connectSdk(served, 'ann', ['support:7']);
  await ann.publish('support:7', 'message', { ticketId: '7', senderId: 'mallory', message: support });
  expect(await next(alice, 'message')).toMatchObject({ ticketId: '7', senderId: 'ann', message: support });
  await using tom = await connectSdk(served, 'tom', ['booking:42']);
  await tom.publish('booking:42', 'location_update', { bookingId: '42', location: place });
  expect(await next(alice, 'location_update')).toMatchObject({ location: place });
  say(alice, { type: 'typing', room: 'support:7', data: { isTyping: true } });
  expect(await ann.nextWhere((frame) => frame.type === 'event' && frame.event === 'typing', 'typing')).toMatchObject({
    data: { isTyping: true },
    from: { userId: 'alice' },
  });
});

test('a token by subprotocol selects booking and is never echoed', async () => {
  await using served = await start();
  const token = await served.token('alice');
  for (const protocols of [
    ['booking', `trunkline.bearer.${token}`],
    [`trunkline.bearer.${token}`, 'booking'],
  ]) {
    await using alice = await open(served, '/ws', { protocols });
    await next(alice, 'connected');
    expect(alice.socket.protocol).toBe('booking');
  }
});

test('closes 1008 without a token and with a bad one', async () => {
  await using served = await start();
  for (const token of [undefined, 'x', await served.token('alice', { exp: 1 })]) {
    expect(await (await connect(served, '/ws', token)).ended).toBe('1008');
  }
});

test('tells a member that lost its relation and sends it nothing more', async () => {
  await using served = await start();
  await served.relate('booking:42 owner alice');
  await using alice = await join(served, 'alice', ['booking:42']);
  await served.unrelate('booking:42 owner alice');
  expect(await next(alice, 'left_room')).toMatchObject({ room: 'booking:42' });
  await bookingService(served.hub).broadcastTechnicianLocation('42', place);
  say(alice, { type: 'join', room: 'booking:42' });
  await next(alice, 'error');
  expect(alice.seen.some(({ type }) => type === 'location_update')).toBe(false);
});

test('what other services publish is delivered once: by the lease’s holder, a location by every node to its own', async () => {
  await using served = await start();
  await served.relate('booking:42 owner alice', 'support:7 creator alice');
  await using alice = await join(served, 'alice', ['booking:42', 'support:7', 'user:alice']);
  let holds = false;
  let publish: (channel: string, message: unknown) => void = () => {};
  const foreign = {
    isHolder: () => holds,
    async start(handler: typeof publish) {
      publish = handler;
    },
  };
  const warnings: object[] = [];
  const warn = (fields: object) => void warnings.push(fields);
  await bookingForeignChannels(served.hub, foreign, { debug() {}, info() {}, warn, error() {} });

  publish('technician:location', { bookingId: '42', location: place });
  for (const isHolder of [false, true]) {
    holds = isHolder;
    publish('booking:status', { bookingId: '42', userId: 'alice', status: 'en_route' });
    publish('support:message', { ticketId: '7', senderId: 'ann', message: support });
  }
  for (const junk of ['{', null, {}, { bookingId: 42 }, []]) publish('booking:status', junk);
  publish('another:channel', { bookingId: '42' });
  // Understood, but of no room.
  publish('booking:status', { bookingId: 'a b', userId: 'alice', status: 'lost' });
  publish('support:message', { ticketId: '7', senderId: 'ann', message: { ...support, id: 'm-2' } });

  await alice.take((message) => JSON.stringify(message).includes('"m-2"'), 'the last message');
  const types = alice.seen.map(({ type }) => type);
  expect(types.filter((type) => type === 'status_update')).toHaveLength(1);
  expect(types.filter((type) => type === 'message')).toHaveLength(2);
  expect(types.filter((type) => type === 'location_update')).toHaveLength(1);
  expect(warnings).toHaveLength(6);
  expect(warnings.at(-1)).toMatchObject({ channel: 'booking:status', err: { code: 'invalid_room' } });
  expect(JSON.stringify(warnings)).not.toContain('lost');
});

test('shows both events of an id that a service uses again after the window, with another payload', async () => {
  await using served = await startHub([bookingDialect()], { limits: { dedupeWindowMs: 50 } });
  await served.relate('booking:1 owner alice', 'booking:2 owner alice');
  await using alice = await join(served, 'alice', ['booking:1', 'booking:2']);
  const publish = (status: string) =>
    served.hub.publish({
      rooms: ['booking:1'],
      event: 'status_update',
      data: { bookingId: '1', status },
      from: { service: 'orders' },
      id: 'order-1',
    });
  await publish('en_route');
  // Within the window it is an id_conflict.
  await eventually(() => publish('done'));
  await alice.take(({ status }) => status === 'en_route', 'en_route');
  await alice.take(({ status }) => status === 'done', 'done');
});
