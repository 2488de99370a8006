import { TrunklineError } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { openClient, type TestClient } from './support/open-client.js';
import { LIMITS, POSITION, startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

/** Everything by which an application's data reaches a frame. */
const WAYS: Readonly<Record<string, (client: TestClient, data: never) => unknown>> = {
  'room.publish': (client, data) => client.room('lobby', 'main').publish('message', data),
  'room.signal': (client, data) => client.room('lobby', 'main').signal('typing', data),
  'presence.set': (client, data) => client.room('lobby', 'main').presence.set(data),
  'client.publish': (client, data) => client.publish(['lobby:main', 'lobby:other'], 'message', data),
  'client.send': (client, data) => client.send({ connectionId: 'c_1', room: 'lobby:main' }, 'typing', data),
  'client.request': (client, data) => client.request('echo', data),
};
const circle: { me?: unknown } = {};
circle.me = circle;
const BAD: Readonly<Record<string, { readonly code: string; readonly data: unknown }>> = {
  'too much': { code: 'too_large', data: { text: 'x'.repeat(2_000_000) } },
  'a circle': { code: 'invalid_data', data: circle },
  'a BigInt': { code: 'invalid_data', data: { n: 10n } },
};
/** What it throws, at once or as a rejection. */
const refusal = async (run: () => unknown): Promise<unknown> => {
  try {
    return await run();
  } catch (error) {
    return error instanceof TrunklineError ? error.code : error;
  }
};

describe.each(Object.entries(BAD))('%s is refused here, and the connection lives', (_, { code, data }) => {
  test.each(Object.entries(WAYS))('by %s', async (_name, give) => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const room = client.room('lobby', 'main');
    await room.join();
    const seen: string[] = [];
    client.on('state', ({ status }) => seen.push(status));
    const refused = await refusal(() => give(client, data as never));
    await room.publish('message', { text: 'goes on' });
    expect([refused, seen]).toEqual([code, []]);
  });
});

test.each(['room.signal', 'presence.set', 'client.send'])('%s refuses what is no JSON also while offline', (name) => {
  const client = openClient({ url: 'ws://127.0.0.1:1' });
  expect(() => WAYS[name]?.(client, circle as never)).toThrow(new TrunklineError('invalid_data'));
});

test('a state set before the server told its limit is told as an error, and holds nothing', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const told: string[] = [];
  client.on('error', ({ code }) => told.push(code));
  const room = client.room('lobby', 'main');
  room.presence.set('x'.repeat(30_000));
  const joined = room.join();
  const peer = await script.connection();
  await peer.welcome({ limits: { ...LIMITS, maxMessageBytes: 20_000 } });
  peer.joined('lobby:main', POSITION);
  await joined;
  void room.publish('message', { text: 'goes on' }).catch(() => {});
  await peer.next('publish');
  expect([told, peer.seen.map(({ type }) => type)]).toEqual([['too_large'], ['hello', 'publish']]);
});

test('a state that the server refuses is told as an error', async () => {
  await using server = await startServer();
  await using client = openClient({ url: server.url, token: () => server.token('ann') });
  const told: string[] = [];
  client.on('error', ({ code }) => told.push(code));
  const room = client.room('lobby', 'main');
  await room.join();
  room.presence.set('x'.repeat(5_000));
  await room.publish('message', { text: 'goes on' });
  await eventually(() => told.length > 0);
  expect(told).toEqual(['too_large']);
});

test('the result of a call that the server would not take is too_large', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  client.handle('client_tool_call', () => 'x'.repeat(30_000) as never);
  void client.connect();
  const peer = await script.connection();
  await peer.welcome({ limits: { ...LIMITS, maxMessageBytes: 20_000 } });
  peer.send({ type: 'call', id: 'k1', method: 'client_tool_call', data: {} });
  expect(await peer.next('result')).toMatchObject({ of: 'k1', error: { code: 'too_large' } });
  expect(client.state.status).toBe('open');
});

test('who was sent away and is then refused was not in the room: no end of a membership is told again', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const room = client.room('lobby', 'main');
  const lefts: string[] = [];
  room.onLeft(({ reason }) => lefts.push(reason));
  const joined = room.join();
  const peer = await script.connection();
  await peer.welcome();
  peer.joined('lobby:main', POSITION);
  await joined;
  peer.send({ type: 'left', room: 'lobby:main', reason: 'relation_removed', retryable: false });
  await eventually(() => room.status === 'refused');
  const again = refusal(() => room.join());
  const { id } = await peer.next('join');
  peer.send({ type: 'error', id, code: 'forbidden', message: '', retryable: false });
  expect([await again, lefts]).toEqual(['forbidden', ['relation_removed']]);
});

test('a member that is refused when it comes back is told of the end', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const room = client.room('lobby', 'main');
  const lefts: unknown[] = [];
  room.onLeft((left) => lefts.push(left));
  const joined = room.join();
  const first = await script.connection();
  await first.welcome();
  first.joined('lobby:main', POSITION);
  await joined;
  first.terminate();
  const second = await script.connection();
  const { id } = await second.welcome();
  second.send({ type: 'error', id, code: 'forbidden', message: '', retryable: false, path: 'rooms.0' });
  await eventually(() => lefts.length > 0);
  expect(lefts).toEqual([{ room: 'lobby:main', reason: 'forbidden', retryable: false }]);
});

test('a join that is given up leaves the room, if nobody else wants it', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const room = client.room('lobby', 'main');
  const controller = new AbortController();
  const given = refusal(() => room.join({ signal: controller.signal }));
  const peer = await script.connection();
  await peer.welcome();
  await eventually(() => client.state.status === 'open');
  controller.abort();
  expect([await given, (await peer.next('leave')).room]).toEqual(['cancelled', 'lobby:main']);
});
