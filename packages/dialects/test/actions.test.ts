import { BEARER_SUBPROTOCOL_PREFIX, TrunklineError } from '@trunkline/protocol';
import { builtInContract, defineContract } from '@trunkline/protocol/contract';
import { type ActionRequest, canonicalDialect } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { io } from 'socket.io-client';
import ioV2 from 'socket.io-client-v2';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { actionsDialect, actionsService } from '../src/actions/index.js';
import { refusalSchema, serverMessageSchema } from '../src/actions/schema.js';
import { connectActions, readMessage } from '../src/actions/speaker.js';
import { connectSdk } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const ACME = { company_id: 'acme' };
const request = (action: string, data: unknown, requestId = 'req-1') =>
  JSON.stringify({ type: 'REQUEST', requestId, action, data });

/** A hub whose backend `answer` is. */
function start(
  answer: (request: ActionRequest) => Promise<unknown> = async ({ data }) => ({ got: data }),
  limits = {},
) {
  return startHub([actionsDialect(), canonicalDialect()], { forwardAction: answer, limits });
}

async function connect(
  served: StartedHub,
  userId: string,
  options: Parameters<typeof connectActions>[1] | object = {},
) {
  return connectActions(served.port, { token: await served.token(userId, ACME), ...options });
}

async function refusedWith(served: StartedHub, options: Parameters<typeof connectActions>[1]) {
  const error = await connectActions(served.port, options).then(
    () => null,
    (reason: Error) => reason.cause,
  );
  return refusalSchema.parse(error).code;
}

test('answers a REQUEST as text or object with progress and a RESPONSE, by WebSocket and polling', async () => {
  await using served = await start(async ({ data, progress }) => {
    progress({ percent: 50 });
    return { got: data };
  });
  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
    await using alice = await connect(served, 'alice', { transports });
    alice.send(request('processData', { input: 'value' }));
    const common = { requestId: 'req-1', action: 'processData' };
    expect(await alice.take(({ type }) => type === 'UPDATE', 'UPDATE')).toEqual({
      type: 'UPDATE',
      ...common,
      data: { percent: 50 },
    });
    expect(await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE')).toEqual({
      type: 'RESPONSE',
      ...common,
      data: { got: { input: 'value' } },
    });
  }
});

test('hands the backend who asks, for which session and artifact', async () => {
  const requests: ActionRequest[] = [];
  await using served = await start(async (asked) => void requests.push(asked));
  await using alice = await connect(served, 'alice', { sessionId: 's-1', artifactId: 'doc/7' });
  alice.send(request('save', undefined));
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  expect(requests[0]).toMatchObject({
    requestId: 'req-1',
    action: 'save',
    sessionId: 's-1',
    artifactId: 'doc/7',
    data: {},
    principal: { userId: 'alice' },
  });
});

test('a REQUEST with an acknowledgement gets its answer there and as message', async () => {
  await using served = await start();
  const socket = io(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    auth: { token: await served.token('alice') },
    query: { sessionId: 's' },
    forceNew: true,
  });
  const messages: unknown[] = [];
  socket.on('message', (message) => messages.push(message));
  const answer = await socket
    .timeout(5_000)
    .emitWithAck('message', { type: 'REQUEST', requestId: 'r', action: 'echo', data: { a: 1 } });
  expect(serverMessageSchema.parse(answer)).toMatchObject({ type: 'RESPONSE', requestId: 'r' });
  await eventually(() => messages.length === 1);
  expect(messages[0]).toEqual(answer);
  socket.disconnect();
});

test('speaks text, which the document’s clients parse, and objects to who speaks in objects', async () => {
  await using served = await start();
  const socket = io(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    auth: { token: await served.token('alice', ACME) },
    query: { sessionId: 's' },
    forceNew: true,
  });
  const messages: unknown[] = [];
  socket.on('message', (message) => messages.push(message));
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  const update = { type: 'UPDATE', requestId: 'u', action: 'companyUpdate', data: 1 } as const;
  const hears = async (form: string) => {
    messages.length = 0;
    await actionsService(served.hub).sendUpdate('acme', update);
    await eventually(() => messages.length === 1);
    expect(typeof messages[0]).toBe(form);
    expect(readMessage(messages[0])).toEqual(update);
  };
  await hears('string');
  for (const [message, form] of [
    [{ type: 'REQUEST', requestId: 'r', action: 'echo' }, 'object'],
    [request('echo', {}), 'string'],
  ] as const) {
    messages.length = 0;
    socket.emit('message', message);
    await eventually(() => messages.length === 1);
    expect(typeof messages[0]).toBe(form);
    await hears(form);
  }
  socket.disconnect();
});

test('wants a token and a session, and says which by a code', async () => {
  await using served = await start();
  const token = await served.token('alice', { ...ACME, sid: 's-1' });
  expect(await refusedWith(served, { token: null })).toBe('UNAUTHENTICATED');
  expect(await refusedWith(served, { token: 'x' })).toBe('UNAUTHENTICATED');
  expect(await refusedWith(served, { token: await served.token('alice', { exp: 1 }) })).toBe('TOKEN_EXPIRED');
  expect(await refusedWith(served, { token, sessionId: '' })).toBe('INVALID_SESSION');
  expect(await refusedWith(served, { token, sessionId: 'x'.repeat(129) })).toBe('INVALID_SESSION');
  expect(await refusedWith(served, { token, sessionId: 'another' })).toBe('INVALID_SESSION');
  expect(await refusedWith(served, { token, sessionId: 's-1', artifactId: 'a b' })).toBe('INVALID_ARTIFACT');
  await using alice = await connectActions(served.port, { token, sessionId: 's-1' });
  alice.send(request('echo', {}));
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
});

test('errors keep a backend’s code and put ours in capitals', async () => {
  await using served = await start(async ({ action }) => {
    if (action === 'slow') throw new TrunklineError('timeout', 'The action did not answer in time.');
    throw new TrunklineError('stock_empty', 'Nothing left.');
  });
  await using alice = await connect(served, 'alice');
  alice.send(request('order', {}));
  expect(await alice.take(({ type }) => type === 'ERROR', 'ERROR')).toEqual({
    type: 'ERROR',
    requestId: 'req-1',
    action: 'order',
    error: { code: 'stock_empty', message: 'Nothing left.' },
  });
  alice.send(request('slow', {}));
  expect(await alice.take(({ type }) => type === 'ERROR', 'ERROR')).toMatchObject({ error: { code: 'TIMEOUT' } });
  alice.send(request('echo', 'no object'));
  expect(await alice.take(({ type }) => type === 'ERROR', 'ERROR')).toMatchObject({ error: { code: 'INVALID_DATA' } });
});

test('asks for the action’s role, checks its data, and ends it in its time', async () => {
  const refund = { input: z.object({ amount: z.number() }), roles: ['manager'], timeoutMs: 50 };
  const contract = defineContract({ ...builtInContract, actions: { ...builtInContract.actions, refund } });
  const asked: unknown[] = [];
  await using served = await startHub([actionsDialect()], {
    contract,
    forwardAction: ({ data }) => {
      asked.push(data);
      return new Promise(() => {});
    },
  });
  await using clerk = await connect(served, 'clerk');
  const token = await served.token('mia', { ...ACME, roles: ['manager'] });
  await using manager = await connectActions(served.port, { token });
  for (const [client, data, code] of [
    [clerk, { amount: 1 }, 'FORBIDDEN'],
    [manager, { amount: 'all' }, 'INVALID_DATA'],
    [manager, { amount: 1 }, 'TIMEOUT'],
  ] as const) {
    client.send(request('refund', data));
    expect(await client.take(({ type }) => type === 'ERROR', code)).toEqual({
      type: 'ERROR',
      requestId: 'req-1',
      action: 'refund',
      error: { code, message: expect.any(String) },
    });
  }
  expect(asked).toEqual([{ amount: 1 }]);
});

test('a repeated frame is one request, and two of one requestId are two', async () => {
  const runs: unknown[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using served = await start(async ({ data }) => {
    runs.push(data);
    await released;
    return data;
  });
  await using alice = await connect(served, 'alice');
  await using phone = await connect(served, 'alice');
  for (const client of [alice, alice, phone]) client.send(request('pay', { n: 1 }, '1700000000000'));
  alice.send(request('pay', { n: 2 }, '1700000000000'));
  await eventually(() => runs.length === 3);
  release();
  for (let answers = 0; answers < 3; answers++) await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  await phone.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  expect(runs).toHaveLength(3);
});

test('a repeated frame that is refused leaves the request under way its progress', async () => {
  let running: ActionRequest | undefined;
  let settle: (result: unknown) => void = () => {};
  await using served = await start(
    (asked) => {
      running = asked;
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
    { messagesPerSecond: 1, messageBurst: 1 },
  );
  await using alice = await connect(served, 'alice');
  const frame = request('pay', {});
  alice.send(frame);
  await eventually(() => running);
  alice.send(frame);
  await alice.take(({ type }) => type === 'ERROR', 'ERROR');
  running?.progress({ percent: 50 });
  settle({});
  await alice.take(({ type }) => type === 'UPDATE', 'UPDATE');
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
});

test('a disconnect aborts what runs', async () => {
  let signal: AbortSignal | undefined;
  await using served = await start((asked) => {
    signal = asked.signal;
    return new Promise(() => {});
  });
  const alice = await connect(served, 'alice');
  alice.send(request('long', {}));
  await eventually(() => signal);
  await alice[Symbol.asyncDispose]();
  await eventually(() => signal?.aborted, { timeoutMs: 500 });
});

test('a flood is refused with RATE_LIMITED and a time', async () => {
  await using served = await start(undefined, { messagesPerSecond: 1, messageBurst: 3 });
  await using alice = await connect(served, 'alice');
  for (let n = 0; n < 6; n++) alice.send(request('echo', {}, `r-${n}`));
  const error = await alice.take(({ type }) => type === 'ERROR', 'ERROR');
  expect(error).toMatchObject({ error: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } });
});

test('sendUpdate reaches the company, or one artifact of it, and nobody outside', async () => {
  await using served = await start();
  await using alice = await connect(served, 'alice');
  await using editor = await connect(served, 'ed', { artifactId: 'doc-7' });
  const token = await served.token('mallory', { company_id: 'evil' });
  await using outsider = await connectActions(served.port, { token, artifactId: 'doc-7' });
  await using slash = await connectActions(served.port, {
    token: await served.token('s', { company_id: 'acme/doc-7' }),
    artifactId: 'x',
  });
  const { sendUpdate } = actionsService(served.hub);
  await sendUpdate('acme', { type: 'UPDATE', requestId: 'u-1', action: 'artifactUpdate', data: { n: 1 } }, 'doc-7');
  await sendUpdate('acme', { type: 'UPDATE', requestId: 'u-2', action: 'companyUpdate', data: { n: 2 } });
  const update = { type: 'UPDATE', requestId: 'u-2', action: 'companyUpdate', data: { n: 2 } };
  expect(await alice.take(({ requestId }) => requestId === 'u-2', 'u-2')).toEqual(update);
  expect(await editor.take(({ requestId }) => requestId === 'u-2', 'u-2')).toEqual(update);
  expect(editor.seen).toHaveLength(2);
  expect(alice.seen).toHaveLength(1);
  for (const client of [outsider, slash]) {
    client.send(request('echo', {}));
    await client.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
    expect(client.seen).toHaveLength(1);
  }
  await expect(sendUpdate('acme/doc-7', { action: 'x' })).rejects.toThrow(/slash/);
});

test('company updates reach the SDK and Socket.IO clients alike', async () => {
  await using served = await start();
  await using alice = await connect(served, 'alice');
  await using sdk = await connectSdk(served, 'bob', ['company:acme'], ACME);
  await served.hub.publish({
    rooms: ['company:acme'],
    event: 'update',
    data: { action: 'statusChange', data: { status: 'completed' } },
  });
  expect(await alice.take(({ type }) => type === 'UPDATE', 'UPDATE')).toMatchObject({ action: 'statusChange' });
  expect(await sdk.nextOf('event')).toMatchObject({ event: 'update', data: { action: 'statusChange' } });
  await served.hub.broadcast('system_notification', { text: 'noon' });
  expect(await alice.take(({ action }) => action === 'system_notification', 'broadcast')).toMatchObject({
    data: { text: 'noon' },
  });
});

test('other events and binary are refused, and the socket lives', async () => {
  await using served = await start();
  const socket = io(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    auth: { token: await served.token('alice') },
    query: { sessionId: 's' },
    forceNew: true,
  });
  const messages: unknown[] = [];
  socket.on('message', (message) => messages.push(serverMessageSchema.parse(readMessage(message))));
  socket.emit('shout', { type: 'REQUEST', requestId: 'r', action: 'echo' });
  socket.emit('message', Buffer.from('x'));
  socket.emit('message');
  socket.emit('message', { type: 'REQUEST', requestId: 'r', action: 'echo', data: {} });
  await eventually(() => messages.length === 4);
  expect(messages.map((message) => serverMessageSchema.parse(message).type)).toEqual([
    'ERROR',
    'ERROR',
    'ERROR',
    'RESPONSE',
  ]);
  socket.disconnect();
});

test('hostile Socket.IO packets cost their own connection at most', async () => {
  await using served = await start();
  const token = await served.token('alice', ACME);
  const auth = JSON.stringify({ token });
  const twice = [`40${auth}`, `40${auth}`, `40${auth}`];
  const hostile = [
    '',
    '4',
    '99',
    '42["message"',
    '451-["x",{"_placeholder":true,"num":9}]',
    '40null',
    '40/other,{}',
    '42{"a":1}',
    '2probe',
  ];
  for (const packets of [
    twice,
    ...hostile.map((packet) => [packet]),
    ...hostile.map((packet) => [`40${auth}`, packet]),
  ]) {
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/realtime/?EIO=4&transport=websocket&sessionId=s`);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    for (const packet of packets) socket.send(packet);
    socket.send(Buffer.from([0, 1, 2]));
    if (packets === twice) {
      await eventually(() => served.hub.status().connections > 0 || socket.readyState === WebSocket.CLOSED);
      expect(served.hub.status().connections).toBeLessThanOrEqual(1);
    }
    socket.close();
    await ended;
  }
  await using alice = await connect(served, 'alice');
  alice.send(request('echo', {}));
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  await eventually(() => served.hub.status().connections === 1);
});

test('a client that is gone before it is let in leaves nothing behind', async () => {
  await using served = await start();
  const token = await served.token('alice', ACME);
  for (const goes of [(socket: WebSocket) => socket.close(), (socket: WebSocket) => socket.terminate()]) {
    for (let n = 0; n < 5; n++) {
      const socket = new WebSocket(`ws://127.0.0.1:${served.port}/realtime/?EIO=4&transport=websocket&sessionId=s`);
      const ended = new Promise((resolve) => socket.once('close', resolve));
      await new Promise((resolve) => socket.once('open', resolve));
      socket.send(`40${JSON.stringify({ token })}`);
      goes(socket);
      await ended;
    }
  }
  await using alice = await connect(served, 'alice');
  alice.send(request('echo', {}));
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  await eventually(() => served.hub.status().connections === 1);
});

test('polling answers what is no Socket.IO with 400', async () => {
  await using served = await start();
  const status = async (query: string, init?: RequestInit) =>
    (await fetch(`http://127.0.0.1:${served.port}/realtime/${query}`, init)).status;
  expect(await status('')).toBe(400);
  expect(await status('?EIO=4&transport=carrier-pigeon')).toBe(400);
  expect(await status('?EIO=4&transport=polling&sid=nobody')).toBe(400);
  expect(await status('?EIO=4&transport=polling', { method: 'POST', body: '40' })).toBe(400);
});

test('a session of polling counts for its address until it ends or a socket takes its place', async () => {
  await using served = await start(undefined, { connectionsPerAddress: 2 });
  const poll = () => fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=polling`);
  await using _alice = await connect(served, 'alice', { transports: ['websocket'] });
  const bob = await connect(served, 'bob', { transports: ['polling'] });
  const refused = await poll();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  expect(await refused.json()).toMatchObject({ status: 429, detail: 'Too many connections from this address.' });
  expect((await fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=carrier-pigeon`)).status).toBe(400);

  await bob[Symbol.asyncDispose]();
  await eventually(() => served.hub.status().connections === 1);
  await eventually(async () => (await poll()).status === 200);
});

test('a socket that takes the place of polling counts once', async () => {
  await using served = await start(undefined, { connectionsPerAddress: 2 });
  const auth = { token: await served.token('alice', ACME) };
  const options = { path: '/realtime', forceNew: true, auth, query: { sessionId: 's' } };
  const alice = io(`http://127.0.0.1:${served.port}`, options);
  await new Promise((resolve) => alice.io.engine.once('upgrade', resolve));
  await using _bob = await connect(served, 'bob', { transports: ['polling'] });
  const poll = () => fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=polling`);
  expect((await poll()).status).toBe(429);
  alice.disconnect();
  await eventually(async () => (await poll()).status === 200);
});

test('a hub that drains begins no session of polling', async () => {
  await using served = await start();
  await using _alice = await connect(served, 'alice');
  const drained = served.hub.drain({ windowMs: 100, deadlineMs: 1_000 });
  const response = await fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=polling`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  await drained;
});

test('another method than those of polling is 405, with Allow', async () => {
  await using served = await start();
  for (const query of ['', '?EIO=4&transport=polling']) {
    const response = await fetch(`http://127.0.0.1:${served.port}/realtime/${query}`, { method: 'PUT' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
  }
});

test('a v2 client sends its token by query and hears a refusal as error', async () => {
  await using served = await start();
  const query = { sessionId: 's', token: await served.token('alice', ACME) };
  for (const transports of [['websocket'], ['polling', 'websocket']]) {
    const socket = ioV2(`http://127.0.0.1:${served.port}`, { path: '/realtime', query, forceNew: true, transports });
    const messages: unknown[] = [];
    socket.on('message', (message: unknown) => messages.push(serverMessageSchema.parse(readMessage(message))));
    socket.on('connect', () => socket.emit('message', request('echo', { v: 2 })));
    await eventually(() => messages.length === 1);
    expect(messages[0]).toMatchObject({ type: 'RESPONSE', data: { got: { v: 2 } } });
    socket.close();
  }
  const refused = ioV2(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    query: { sessionId: 's' },
    forceNew: true,
    reconnection: false,
  });
  const error = await new Promise((resolve) => refused.on('error', resolve));
  expect(refusalSchema.parse(error).code).toBe('UNAUTHENTICATED');
  refused.close();
});

test('never says a token again that came as subprotocol', async () => {
  await using served = await start();
  const token = `${BEARER_SUBPROTOCOL_PREFIX}${await served.token('alice', ACME)}`;
  const url = `ws://127.0.0.1:${served.port}/realtime/?EIO=4&transport=websocket&sessionId=s`;
  for (const [offered, selected] of [
    [[token, 'app'], 'app'],
    [['app', token], 'app'],
  ] as const) {
    const socket = new WebSocket(url, [...offered]);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    expect(socket.protocol).toBe(selected);
    socket.close();
    await new Promise((resolve) => socket.once('close', resolve));
  }
  const socket = new WebSocket(url, [token]);
  const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
  expect(error.message).toBe('Server sent no subprotocol');
});

test('a client comes back by itself after a closed transport, not after a final close', async () => {
  await using served = await start();
  const token = await served.token('alice', ACME);
  const socket = io(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    auth: { token },
    query: { sessionId: 's' },
    forceNew: true,
    reconnectionDelay: 10,
    transports: ['websocket'],
  });
  let connects = 0;
  socket.on('connect', () => connects++);
  await eventually(() => connects === 1);
  socket.io.engine.close();
  await eventually(() => connects === 2);
  const reasons: string[] = [];
  socket.on('disconnect', (reason) => reasons.push(reason));
  await served.hub.disconnect('alice');
  await eventually(() => reasons[0] === 'io server disconnect');
  expect(socket.active).toBe(false);
});
