import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionsDialect, actionsService } from '../src/actions/index.js';
import { bookingDialect, bookingForeignChannels } from '../src/booking/index.js';
import { falconDialect } from '../src/falcon/index.js';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { connect, connectBearer, next, say } from './support/clients.js';
import { everySpeaker } from './support/every-speaker.js';
import { join, startNode } from './support/start-node.js';

const UMA = '523e4567-e89b-12d3-a456-426614174000';
const speakers = await everySpeaker();
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
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

test('secureconnect: joins, leaves and drops are told on the other node, devices counted over both', async () => {
  await using one = await startNode(redis, [secureconnectDialect()]);
  await using two = await startNode(redis, [secureconnectDialect()]);
  const conversation = '770e8400-e29b-41d4-a716-446655440000';
  const path = `/v1/ws/chat?conversation_id=${conversation}`;
  const [ann, ben] = ['323e4567-e89b-12d3-a456-426614174000', '423e4567-e89b-12d3-a456-426614174000'];
  await one.relate(
    `conversation:${conversation} participant ${ann}`,
    `conversation:${conversation} participant ${ben}`,
  );
  await using annOnOne = await connectBearer(one, path, await one.token(ann));
  await next(annOnOne, 'user_joined');
  const benOnTwo = await connectBearer(two, path, await two.token(ben));
  expect(await next(annOnOne, 'user_joined')).toMatchObject({ sender_id: ben });
  const benOnOne = await connectBearer(one, path, await one.token(ben));
  say(benOnOne, { type: 'chat', content: 'second device' });
  await next(benOnOne, 'chat');
  await benOnTwo[Symbol.asyncDispose]();
  say(benOnOne, { type: 'chat', content: 'one device left' });
  await annOnOne.take(({ content }) => content === 'one device left', 'chat');
  expect(annOnOne.seen.filter(({ type }) => type === 'user_left')).toEqual([]);
  const droppedAt = performance.now();
  benOnOne.socket.terminate();
  expect(await next(annOnOne, 'user_left')).toMatchObject({ sender_id: ben });
  expect(performance.now() - droppedAt).toBeGreaterThan(1_500);
  expect(annOnOne.seen.filter(({ type }) => type === 'user_joined')).toHaveLength(2);
});

test('secureconnect: of two devices that come at once, one hears that their user came, and the others once', async () => {
  await using one = await startNode(redis, [secureconnectDialect()]);
  await using two = await startNode(redis, [secureconnectDialect()]);
  const uwe = '623e4567-e89b-12d3-a456-426614174000';
  for (let n = 0; n < 10; n++) {
    const conversation = `a${n}0e8400-e29b-41d4-a716-446655440000`;
    const path = `/v1/ws/chat?conversation_id=${conversation}`;
    await one.relate(...[UMA, uwe].map((user) => `conversation:${conversation} participant ${user}`));
    await using watcher = await connectBearer(two, path, await two.token(UMA));
    await next(watcher, 'user_joined');
    const devices = await Promise.all([one, two].map(async (node) => connectBearer(node, path, await node.token(uwe))));
    for (const device of devices) {
      say(device, { type: 'chat', content: 'in' });
      await next(device, 'chat');
    }
    const told = (client: typeof watcher) =>
      client.seen.filter(({ type, sender_id }) => type === 'user_joined' && sender_id === uwe).length;
    await eventually(() => told(watcher) === 1);
    expect(devices.map(told).sort()).toEqual([0, 1]);
    for (const device of devices) await device[Symbol.asyncDispose]();
  }
});

test('secureconnect: a crowd that comes and goes on both nodes at once is told of, each once', async () => {
  await using one = await startNode(redis, [secureconnectDialect()]);
  await using two = await startNode(redis, [secureconnectDialect()]);
  const conversation = '990e8400-e29b-41d4-a716-446655440000';
  const path = `/v1/ws/chat?conversation_id=${conversation}`;
  const users = [...Array(40).keys()].map((n) => `${String(n).padStart(8, '0')}-e89b-12d3-a456-426614174000`);
  await one.relate(...[UMA, ...users].map((user) => `conversation:${conversation} participant ${user}`));
  await using watcher = await connectBearer(one, path, await one.token(UMA));
  await next(watcher, 'user_joined');
  const enter = async (user: string, n: number) => {
    const node = n % 2 === 0 ? one : two;
    return connectBearer(node, path, await node.token(user));
  };
  const clients = await Promise.all(users.map(enter));
  const told = (type: string) =>
    watcher.seen
      .filter((message) => message.type === type && message.sender_id !== UMA)
      .map(({ sender_id }) => sender_id);
  await eventually(() => told('user_joined').length >= users.length).catch(() => undefined);
  expect(told('user_joined').sort()).toEqual(users);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  await eventually(() => told('user_left').length >= users.length).catch(() => undefined);
  expect(told('user_left').sort()).toEqual(users);
  expect(told('user_joined').sort()).toEqual(users);
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

test('secureconnect: that the users of a node that ends have left is told on the others', async () => {
  await using two = await startNode(redis, [secureconnectDialect()]);
  const conversation = 'bb0e8400-e29b-41d4-a716-446655440000';
  const path = `/v1/ws/chat?conversation_id=${conversation}`;
  const uwe = '723e4567-e89b-12d3-a456-426614174000';
  await two.relate(...[UMA, uwe].map((user) => `conversation:${conversation} participant ${user}`));
  await using uma = await connectBearer(two, path, await two.token(UMA));
  await next(uma, 'user_joined');
  {
    await using one = await startNode(redis, [secureconnectDialect()]);
    await using client = await connectBearer(one, path, await one.token(uwe));
    expect(await next(uma, 'user_joined')).toMatchObject({ sender_id: uwe });
    // As where nobody ever left: the script has to be sent again as text, and what it says comes late.
    await redis.command('SCRIPT', 'FLUSH');
    await one.hub.drain({ windowMs: 0, deadlineMs: 1_000 });
    await client.ended;
    await eventually(() => one.hub.status().connections === 0);
  }
  expect(await next(uma, 'user_left')).toMatchObject({ sender_id: uwe });
});
