import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTokenIssuer } from '@trunkline/server';
import { eventually, startRedis } from '@trunkline/testkit';
import { io, type Socket } from 'socket.io-client';
import { expect, it } from 'vitest';
import { SECRET } from './start-api.js';
import { startProcess } from './start-process.js';
import { temporaryDirectory } from './temporary-directory.js';

type Transports = ('polling' | 'websocket')[];
const DEFAULT: Transports = ['polling', 'websocket'];
const POLLING: Transports = ['polling'];

const issuer = createTokenIssuer({ secret: SECRET });
const company = async () => (await issuer.issue({ userId: 'ann', companyId: 'acme' })).token;
const backend = async () => (await issuer.issue({ userId: 'backend', roles: ['service'] })).token;

/** The deployable with so many workers; `pid` is that of the one which listened last. */
async function startWorkers(count: number, environment: Record<string, string>) {
  const server = startProcess({
    JWT_SECRET: SECRET,
    LISTEN: '0=actions',
    NODE_ENV: 'production',
    WORKERS: String(count),
    ...environment,
  });
  const [, pid = ''] = await server.printed(new RegExp(`(?:"pid":(\\d+)[^\\n]*\\(all\\)[\\s\\S]*?){${count}}`));
  const [, url = ''] = await server.printed(/listening at (http:\S+) \(all\)/);
  const [, documented = ''] = await server.printed(/listening at (http:\S+) \(actions\)/);
  await eventually(async () => (await fetch(`${url}/readyz`)).status === 200);
  return { ...server, pid: Number(pid), url, documented };
}

interface Client {
  readonly socket: Socket;
  readonly heard: unknown[];
  /** The transport in use. */
  speaksBy(): string | undefined;
  readonly speaksAtLast: string | undefined;
  /** Whose session it is. */
  worker(): string | undefined;
}

/** Clients that are closed with the test. */
function createClients({ reconnection }: { readonly reconnection: boolean }) {
  const sockets: Socket[] = [];
  return {
    async connect(url: string, transports: Transports): Promise<Client> {
      const client = await connect(url, transports, reconnection);
      sockets.push(client.socket);
      return client;
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.close();
    },
  };
}

async function connect(url: string, transports: Transports, reconnection: boolean): Promise<Client> {
  const socket = io(url, {
    path: '/realtime',
    forceNew: true,
    reconnection,
    reconnectionDelay: 50,
    reconnectionDelayMax: 500,
    transports,
    auth: { token: await company() },
    query: { sessionId: 'S1' },
  });
  const heard: unknown[] = [];
  socket.on('message', (message) => heard.push(typeof message === 'string' ? JSON.parse(message) : message));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error) => {
      socket.close();
      reject(error);
    });
  });
  return {
    socket,
    heard,
    speaksAtLast: transports.at(-1),
    worker: () => socket.io.engine.id.split('.')[0],
    speaksBy: () => socket.io.engine.transport.name,
  };
}

async function publish(url: string, n: number): Promise<void> {
  const answer = await fetch(`${url}/v1/rooms/company%3Aacme/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await backend()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'update', data: { action: 'moved', requestId: `u-${n}`, data: { n } } }),
  });
  expect(answer.status).toBe(200);
}

const updates = ({ heard }: Client) => heard.filter((message) => JSON.stringify(message).includes('"action":"moved"'));

/**
 * Waits until who can has upgraded, and each worker has the connections that were on their way to it: Node keeps open, and
 * unread, one that it was handing to a worker when that was killed.
 */
async function settle(url: string, clients: readonly Client[]): Promise<void> {
  await eventually(() => clients.every((client) => client.speaksBy() === client.speaksAtLast));
  for (let n = 0; n < 10; n++) await fetch(`${url}/healthz`, { headers: { connection: 'close' } });
}

/** A backend for actions that answers once it is told to. */
async function startActions() {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = 0;
  const server = createServer(async (req, res) => {
    asked++;
    for await (const _ of req);
    await released;
    res.setHeader('content-type', 'application/json').end('{"data":{"done":true}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    release,
    async [Symbol.asyncDispose]() {
      release();
      server.closeAllConnections();
      server.close();
    },
  };
}

it.each([2, 3])('serves Socket.IO clients that begin with polling, on every port of %i workers', async (count) => {
  await using redis = await startRedis();
  await using server = await startWorkers(count, { REDIS_URL: redis.url });
  using clients = createClients({ reconnection: false });
  const upgrading: Client[] = [];
  const polling: Client[] = [];
  for (let n = 0; n < 6; n++) {
    for (const url of [server.url, server.documented]) {
      upgrading.push(await clients.connect(url, DEFAULT));
      polling.push(await clients.connect(url, POLLING));
    }
  }
  const all = [...upgrading, ...polling];
  await settle(server.url, all);
  for (const n of [1, 2, 3]) await publish(server.url, n);
  await eventually(() => all.every((client) => updates(client).length === 3));

  // A body too large for one packet, there and back: without a backend an action is refused, and the refusal names it.
  for (const [n, { socket }] of all.entries())
    socket.emit('message', { type: 'REQUEST', requestId: `r-${n}`, action: 'nothing', data: 'x'.repeat(300_000) });
  await eventually(() => all.every(({ heard }, n) => JSON.stringify(heard.at(-1)).includes(`"requestId":"r-${n}"`)));
  expect(all.every(({ socket }) => socket.connected)).toBe(true);
  for (const client of all) expect(updates(client)).toHaveLength(3);
});

it('answers a session that no worker has as unknown, whichever worker it names', async () => {
  await using redis = await startRedis();
  await using server = await startWorkers(2, { REDIS_URL: redis.url });
  for (const sid of ['1.x', '2.x', '99.x', '../1.x', 'x', '00000000000000000001.x']) {
    for (let n = 0; n < 4; n++) {
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(
          `${server.url}/realtime/?EIO=4&transport=polling&sid=${encodeURIComponent(sid)}`,
          method === 'GET' ? {} : { method, body: '2probe' },
        );
        expect(answer.status).toBe(400);
        expect(await answer.json()).toEqual({ code: 1, message: 'Session ID unknown' });
      }
    }
  }
});

it('has the clients of a killed worker back', async () => {
  await using redis = await startRedis();
  await using server = await startWorkers(2, { REDIS_URL: redis.url });
  using clients = createClients({ reconnection: true });
  const all: Client[] = [];
  for (let n = 0; n < 6; n++)
    for (const transports of [DEFAULT, POLLING]) all.push(await clients.connect(server.url, transports));
  const ids = all.map(({ socket }) => socket.id);
  await settle(server.url, all);
  process.kill(server.pid, 'SIGKILL');
  await server.printed(/a worker ended; another takes its place/);
  await eventually(() => all.some(({ socket }, n) => socket.connected && socket.id !== ids[n]), { timeoutMs: 15_000 });
  await eventually(() => all.every(({ socket }) => socket.connected), { timeoutMs: 15_000 });
  // The one that took its place serves as the others do.
  await server.printed(/(?:\(all\)[\s\S]*?){3}/);
  for (let n = 0; n < 8; n++) all.push(await clients.connect(server.url, n % 2 ? DEFAULT : POLLING));
  await publish(server.url, 1);
  await eventually(() => all.every((client) => updates(client).length === 1));
});

it('answers the requests under way while it drains, whichever worker carries them, and leaves nothing behind', async () => {
  await using temporary = await temporaryDirectory();
  await using redis = await startRedis();
  await using actions = await startActions();
  await using server = await startWorkers(3, {
    REDIS_URL: redis.url,
    ACTIONS_URL: actions.url,
    DRAIN_WINDOW_MS: '500',
    TMPDIR: temporary.path,
  });
  const entries = readdirSync(temporary.path);
  expect(entries).toHaveLength(1);
  using clients = createClients({ reconnection: false });
  const all: Client[] = [];
  for (let n = 0; n < 9; n++)
    for (const transports of [DEFAULT, POLLING]) all.push(await clients.connect(server.url, transports));
  await settle(server.url, all);
  // Of one worker's sessions, so that the others have soon nothing left but to carry theirs.
  const home = all[0]?.worker();
  const busy = all.filter((client) => client.worker() === home);
  for (const [n, { socket }] of busy.entries())
    socket.emit('message', { type: 'REQUEST', requestId: `r-${n}`, action: 'slow' });
  await eventually(() => actions.asked() === busy.length);
  server.kill('SIGTERM');
  await server.printed(/"msg":"draining"/);
  // Longer than a worker takes to drain that has no request of its own.
  setTimeout(actions.release, 3_000);
  expect((await server.ended).status).toBe(0);
  for (const [n, { heard }] of busy.entries()) {
    expect(JSON.stringify(heard)).toContain(`"requestId":"r-${n}"`);
    expect(JSON.stringify(heard)).toContain('"done":true');
  }
  expect(existsSync(temporary.path) && readdirSync(temporary.path)).toEqual([]);
});
