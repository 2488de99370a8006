import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { connectBearer, next, say } from './support/clients.js';
import { startNode } from './support/start-node.js';

const UMA = '523e4567-e89b-12d3-a456-426614174000';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

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
