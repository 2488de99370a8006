import { BEARER_SUBPROTOCOL_PREFIX } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { io } from 'socket.io-client';
import ioV2 from 'socket.io-client-v2';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { actionsService } from '../src/actions/index.js';
import { refusalSchema, serverMessageSchema } from '../src/actions/schema.js';
import { connectActions, readMessage } from '../src/actions/speaker.js';
import { ACME, connect, openIo, request, start } from './support/start-actions.js';
import type { StartedHub } from './support/start-hub.js';

async function refusedWith(served: StartedHub, options: Parameters<typeof connectActions>[1]) {
  const error = await connectActions(served.port, options).then(
    () => null,
    (reason: Error) => reason.cause,
  );
  return refusalSchema.parse(error).code;
}

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

test('other events and binary are refused, and the socket lives', async () => {
  await using served = await start();
  const socket = await openIo(served, 'alice');
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
