import { once } from 'node:events';
import { TrunklineError } from '@trunkline/protocol';
import { builtInContract, defineContract } from '@trunkline/protocol/contract';
import { canonicalDialect, createMemoryDirectory, type HubOptions, type Principal } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { io } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { actionsDialect, actionsService } from '../src/actions/index.js';
import { connectActions } from '../src/actions/speaker.js';
import { connectSdk } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const ACME = { company_id: 'acme' };
const SOCKET = '/realtime/?EIO=4&transport=websocket&sessionId=s';

/** A hub that keeps how its connections of this format ended. */
async function start(options: Partial<HubOptions> = {}) {
  const ends: unknown[] = [];
  const info = (fields: Readonly<Record<string, unknown>>, text: string) => {
    if (text === 'connection closed' && fields.dialect === 'actions') ends.push([fields.code, fields.cause]);
  };
  const logger = { debug() {}, info, warn() {}, error() {} };
  return { served: await startHub([actionsDialect(), canonicalDialect()], { logger, ...options }), ends };
}

/** A Socket.IO 4 client, spoken by hand as far as to be let in. */
async function enter(served: StartedHub): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}${SOCKET}`);
  await once(socket, 'open');
  socket.send(`40${JSON.stringify({ token: await served.token('alice', ACME) })}`);
  // Its `connect`.
  while (!String((await once(socket, 'message'))[0]).startsWith('40'));
  return socket;
}

test.each<[string, (socket: WebSocket) => void]>([
  ['closes its transport', (socket) => socket.close()],
  ['says goodbye by Socket.IO', (socket) => socket.send('41')],
])('a client that %s has gone', async (_, leave) => {
  const { served, ends } = await start();
  await using _served = served;
  const socket = await enter(served);
  leave(socket);
  await eventually(() => ends.length === 1);
  expect(ends).toEqual([[1000, 'peer_closed']]);
  socket.terminate();
});

test('a client whose network breaks is lost: its company hears so only when it had two seconds to come back', async () => {
  const { served, ends } = await start();
  await using _served = served;
  await using sdk = await connectSdk(served, 'bob', ['company:acme'], ACME);
  const socket = await enter(served);
  await sdk.nextWhere((frame) => frame.type === 'presence' && frame.change === 'join', 'join');
  const brokenAt = performance.now();
  socket.terminate();
  await sdk.nextWhere((frame) => frame.type === 'presence' && frame.change === 'leave', 'leave');
  expect(performance.now() - brokenAt).toBeGreaterThan(1_900);
  expect(ends).toEqual([[1006, 'connection_lost']]);
});

test('a client whose network breaks after it took the place of polling is lost as well', async () => {
  const { served, ends } = await start();
  await using _served = served;
  const auth = { token: await served.token('alice', ACME) };
  const options = { path: '/realtime', forceNew: true, reconnection: false, auth, query: { sessionId: 's' } };
  const socket = io(`http://127.0.0.1:${served.port}`, options);
  await new Promise((resolve) => socket.io.engine.once('upgrade', resolve));
  const { ws } = socket.io.engine.transport as unknown as { readonly ws: WebSocket };
  await eventually(() => served.hub.status().connections === 1);
  ws.terminate();
  await eventually(() => ends.length === 1);
  expect(ends).toEqual([[1006, 'connection_lost']]);
});

test('a client that answers no ping is lost', async () => {
  const { served, ends } = await start({ heartbeat: { intervalMs: 50, timeoutMs: 100 } });
  await using _served = served;
  const socket = await enter(served);
  await once(socket, 'close');
  await eventually(() => ends.length === 1);
  expect(ends).toEqual([[1006, 'connection_lost']]);
});

describe('while a room of a client can not be joined', () => {
  const { rooms } = builtInContract;
  const contract = defineContract({
    ...builtInContract,
    rooms: { ...rooms, artifact: { ...rooms.artifact, join: ['relation:member'] } },
  });
  const never = () => new Promise<never>(() => {});
  const stuck = () => ({
    contract,
    directory: Object.assign(createMemoryDirectory(), { check: never, relationsOf: never }),
  });

  test('it is let in after two seconds, to ask what needs none', async () => {
    const { served } = await start({ ...stuck(), forwardAction: async () => ({}) });
    await using _served = served;
    const token = await served.token('alice', ACME);
    const startedAt = performance.now();
    await using alice = await connectActions(served.port, { token, artifactId: 'doc-7' });
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    alice.send(JSON.stringify({ type: 'REQUEST', requestId: 'r', action: 'echo', data: {} }));
    await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  });

  test('what is said in the others meanwhile waits for it, in order', async () => {
    const { served } = await start(stuck());
    await using _served = served;
    const connecting = connectActions(served.port, { token: await served.token('alice', ACME), artifactId: 'doc-7' });
    await eventually(async () => (await served.hub.presence('company:acme')).members.length === 1);
    const { sendUpdate } = actionsService(served.hub);
    for (const action of ['one', 'two']) await sendUpdate('acme', { action, data: null });
    await using alice = await connecting;
    await sendUpdate('acme', { action: 'three', data: null });
    await alice.take(({ action }) => action === 'three', 'three');
    expect(alice.seen.map(({ action }) => action)).toEqual(['one', 'two', 'three']);
  });

  test.each([
    [1_000, 'hears them all'],
    [1_001, 'is closed, to come back'],
  ])('who is told %i things meanwhile %s', async (count, ending) => {
    const { served } = await start(stuck());
    await using _served = served;
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}${SOCKET}&artifactId=doc-7`);
    let heard = 0;
    socket.on('message', (packet) => {
      if (String(packet).startsWith('42')) heard++;
    });
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send(`40${JSON.stringify({ token: await served.token('alice', ACME) })}`);
    await eventually(() => served.hub.status().connections === 1);
    await Promise.all(Array.from({ length: count }, (_, n) => served.hub.broadcast('system_notification', { n })));
    if (ending === 'hears them all') {
      await eventually(() => heard === count, { timeoutMs: 15_000 });
      socket.terminate();
    }
    await closed;
    expect(heard).toBe(count > 1_000 ? 0 : count);
  });

  test('it leaves nothing behind when it goes', async () => {
    const { served, ends } = await start(stuck());
    await using _served = served;
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}${SOCKET}&artifactId=doc-7`);
    await once(socket, 'open');
    socket.send(`40${JSON.stringify({ token: await served.token('alice', ACME) })}`);
    await eventually(() => served.hub.status().connections === 1);
    socket.terminate();
    await eventually(() => served.hub.status().connections === 0);
    expect(ends).toEqual([[1006, 'connection_lost']]);
  });
});

test.each([
  ['what it depends on is away', new TrunklineError('unavailable', 'The keys can not be had.'), 0],
  ['the server fails', new Error('a secret of the server'), 1],
])('a client that comes while %s is closed without a word, and comes back by itself', async (_, error, logged) => {
  let tries = 0;
  const authenticate = async (): Promise<Principal> => {
    if (++tries < 3) throw error;
    return { userId: 'alice', roles: [], rooms: [], claims: {}, expiresAt: null };
  };
  const errors: unknown[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
  await using served = await startHub([actionsDialect()], { authenticator: { authenticate }, logger });
  for (const transports of [['websocket'], ['polling']]) {
    tries = 0;
    errors.length = 0;
    const socket = io(`http://127.0.0.1:${served.port}`, {
      path: '/realtime',
      auth: { token: 't' },
      query: { sessionId: 's' },
      forceNew: true,
      reconnectionDelay: 10,
      transports,
    });
    const refusals: unknown[] = [];
    socket.on('connect_error', (refusal) => refusals.push(refusal));
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    expect([tries, refusals.length]).toEqual([3, 0]);
    expect(errors).toEqual(Array.from({ length: 2 * logged }, () => ({ err: error })));
    socket.disconnect();
  }
});

test('a client that is refused for good hears why, and tries no more', async () => {
  const { served } = await start();
  await using _served = served;
  const options = { path: '/realtime', forceNew: true, reconnectionDelay: 10, auth: { token: 'x' } };
  const socket = io(`http://127.0.0.1:${served.port}`, { ...options, query: { sessionId: 's' } });
  const refusal = await new Promise<Error & { data?: unknown }>((resolve) => socket.once('connect_error', resolve));
  expect(refusal.data).toEqual({ code: 'UNAUTHENTICATED', message: refusal.message });
  expect(socket.active).toBe(false);
  socket.disconnect();
});
