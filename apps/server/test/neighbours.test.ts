import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Agent, createServer, request as openRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { builtInContract } from '@trunkline/protocol/contract';
import { createHub, createJwtAuthenticator, type Dialect, type RequestHead } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createNeighbours } from '../src/cluster/neighbours.js';
import { createPrivateDirectory } from '../src/cluster/private-directory.js';
import { nameSession, workerOfSession } from '../src/cluster/session-name.js';
import { SECRET } from './start-api.js';
import { temporaryDirectory } from './temporary-directory.js';

const ORIGIN = 'x-trunkline-origin';

/** What a worker's own dialect was asked. */
interface Asked {
  readonly head: RequestHead;
  readonly bytes: number;
}

/** Says which worker answers; `/early` does so before it has read, `/slow` never ends its answer, `/silent` begins none. */
function createDialect(id: string, asked: Asked[], sockets: Socket[]): Dialect {
  return {
    name: 'sessions',
    match: ({ path }) => ['/s', '/early', '/slow', '/silent'].includes(path),
    mount: () => ({
      async request(req, res, head) {
        if (head.path === '/early') res.writeHead(413).end(id);
        const bytes = (await buffer(req).catch(() => Buffer.alloc(0))).length;
        asked.push({ head, bytes });
        if (head.path === '/s') res.setHeader('set-cookie', ['a=1', 'b=2']).end(`${id} ${'.'.repeat(bytes)}`);
        if (head.path === '/slow') res.write(id);
      },
      upgrade(_, socket, firstBytes, head) {
        asked.push({ head, bytes: firstBytes.length });
        sockets.push(socket as Socket);
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${id} `);
        socket.write(firstBytes);
        socket.on('data', (chunk) => socket.write(chunk));
        socket.on('end', () => socket.end());
      },
      close: async () => undefined,
    }),
  };
}

/** A worker of its own port; the others are in the same directory. */
async function startWorker(directory: string, id: string) {
  const asked: Asked[] = [];
  const sockets: Socket[] = [];
  const neighbours = createNeighbours({ directory, id, logger: pino({ level: 'silent' }) });
  const hub = createHub({
    contract: builtInContract,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    trustedProxies: ['127.0.0.2'],
  });
  const server = createServer();
  hub.attach(server, [neighbours.share(createDialect(id, asked, sockets))]);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    sockets,
    neighbours,
    port,
    async [Symbol.asyncDispose]() {
      await hub.close();
      for (const socket of sockets) socket.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function startTwo() {
  const directory = await temporaryDirectory();
  const one = await startWorker(directory.path, '1');
  const two = await startWorker(directory.path, '2');
  return {
    directory: directory.path,
    one,
    two,
    async [Symbol.asyncDispose]() {
      await two[Symbol.asyncDispose]();
      await one[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

interface Sent {
  readonly agent?: Agent;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly localAddress?: string;
  readonly path?: string;
}

async function ask(port: number, sid: string, { body, path = '/s', ...sent }: Sent = {}) {
  const method = body === undefined ? 'GET' : 'POST';
  const request = openRequest({ host: '127.0.0.1', port, path: `${path}?sid=${sid}`, method, ...sent });
  request.end(body);
  const [answer] = await once(request, 'response');
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
}

/** A socket that sends these bytes, and what came back so far. */
async function send(port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1');
  const came = { text: '', ended: false };
  socket.setEncoding('utf8').on('data', (chunk) => {
    came.text += chunk;
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    came.ended = true;
  });
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, came };
}

const UPGRADE =
  'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

it('makes a directory that nobody else may enter, in the first place that can be written', async () => {
  await using place = await temporaryDirectory();
  const directory = createPrivateDirectory([join(place.path, 'nowhere'), place.path]);
  expect(directory).toMatch(/\/trunkline-\w{6}$/);
  expect((await stat(directory ?? '')).mode & 0o777).toBe(0o700);
  expect(createPrivateDirectory([join(place.path, 'nowhere')])).toBeNull();
});

it('names sessions so that every worker can tell whose they are', () => {
  expect(workerOfSession(nameSession('12'))).toBe('12');
  expect(nameSession('1')).not.toBe(nameSession('1'));
  for (const name of [null, '', 'x', '12', '0.x', '-1.x', '01.x', '1e3.x', '../2.x', ' 2.x', '9999999999.x'])
    expect(workerOfSession(name)).toBeNull();
});

it('has each request of one connection answered by the worker of its session', async () => {
  await using workers = await startTwo();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = 'x'.repeat(3_000_000);
  for (const sid of ['1.a', '2.a', 'nobody', '2.b', '1.b']) {
    const answer = await ask(workers.one.port, sid, { agent, body });
    expect(answer.text).toBe(`${sid.startsWith('2') ? 2 : 1} ${'.'.repeat(body.length)}`);
    expect(answer.headers).toMatchObject({ connection: 'keep-alive', 'set-cookie': ['a=1', 'b=2'] });
  }
  expect(workers.two.asked).toHaveLength(2);
  // A refusal that comes before the body has gone leaves the connection usable.
  for (let n = 0; n < 5; n++) {
    expect(await ask(workers.one.port, '2.a', { agent, body, path: '/early' })).toMatchObject({
      status: 413,
      text: '2',
    });
    expect((await ask(workers.one.port, '1.a', { agent })).text).toBe('1 ');
  }
  agent.destroy();
});

it('tells the other worker the client as it is, and believes no client about it', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const forged = { [ORIGIN]: '1 6.6.6.6', 'X-Trunkline-Origin': '1 6.6.6.6', 'X-Forwarded-For': '9.9.9.9' };
  await ask(one.port, '2.a', { headers: forged });
  await ask(one.port, '2.b', { headers: forged, localAddress: '127.0.0.2' });
  await ask(one.port, '1.c', { headers: forged });
  await send(one.port, `GET /s?sid=2.d HTTP/1.1\r\nX-TRUNKLINE-origin: 1 6.6.6.6\r\n${UPGRADE}`);
  await eventually(() => two.asked.length === 3);
  expect([...two.asked, ...one.asked].map(({ head }) => [head.address, head.port])).toEqual([
    ['127.0.0.1', one.port],
    ['9.9.9.9', one.port],
    ['127.0.0.1', one.port],
    ['127.0.0.1', one.port],
  ]);
  for (const { head } of two.asked) expect(head.headers).not.toHaveProperty(ORIGIN);
});

it('carries no second request inside the body of a first', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const inner = `GET /s?sid=2.inner HTTP/1.1\r\nHost: x\r\n${ORIGIN}: 1 6.6.6.6\r\n\r\n`;
  const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
  for (const [method, bytes] of [
    ['GET', 0],
    ['POST', inner.length],
  ] as const) {
    for (const rest of [
      `Content-Length: ${inner.length}\r\n\r\n${inner}`,
      `Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    ]) {
      const { came, socket } = await send(one.port, `${method} /s?sid=2.outer HTTP/1.1\r\nHost: x\r\n${rest}`);
      await eventually(() => came.text.includes('HTTP/1.1 200'));
      expect(two.asked.at(-1)?.bytes).toBe(bytes);
      socket.destroy();
    }
  }
  // Node 20 forgets what comes after a thousand headers; later ones refuse such a head.
  const [host, connection, ...rest] = UPGRADE.trimEnd().split('\r\n');
  const head = [host, ...rest, ...Array.from({ length: 1_100 }, () => 'a:b'), connection].join('\r\n');
  const { came } = await send(one.port, `GET /s?sid=2.outer HTTP/1.1\r\n${head}\r\n\r\n${inner}`);
  await eventually(() => came.text.endsWith(`2 ${inner}`) || came.text.startsWith('HTTP/1.1 431'));
  expect(two.asked.at(-1)?.head.address).toBe('127.0.0.1');
  expect(new Set(two.asked.map(({ head }) => head.query.get('sid')))).toEqual(new Set(['2.outer']));
});

it('takes a head of any bytes and as large as Node allows', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const large = 'x'.repeat(15_900);
  for (const head of [`X-Odd: \x80\xff\t~`, `X-Large: ${large}`]) {
    const before = two.asked.length;
    const { came } = await send(one.port, `GET /s?sid=2.a&odd=%ff~'"<> HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
    await eventually(() => came.text.startsWith('HTTP/1.1 200'));
    await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${head}\r\n${UPGRADE}`);
    await eventually(() => two.asked.length === before + 2);
  }
});

it('joins an upgraded socket to the worker of its session, until either ends it', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const first = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}first`);
  await eventually(() => first.came.text.endsWith('\r\n\r\n2 first'));
  const large = 'x'.repeat(3_000_000);
  first.socket.write(large);
  await eventually(() => first.came.text.endsWith(`2 first${large}`));
  first.socket.destroy();
  await eventually(() => two.sockets[0]?.destroyed);

  const second = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 2);
  two.sockets[1]?.end('bye');
  await eventually(() => second.came.ended);
  expect(second.came.text).toMatch(/bye$/);

  // Nobody reads here, and the other worker gives up.
  const third = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 3);
  third.socket.pause();
  two.sockets[2]?.write('x'.repeat(30_000_000));
  two.sockets[2]?.destroySoon();
  await one.neighbours.idle(0);
  two.sockets[2]?.destroy();
  const start = performance.now();
  await one.neighbours.idle(10_000);
  expect(performance.now() - start).toBeLessThan(5_000);
});

it('answers itself for a worker that is gone, or goes before it answers', async () => {
  await using workers = await startTwo();
  const { directory, one, two } = workers;
  const silent = ask(one.port, '2.a', { path: '/silent', body: 'x' });
  const slow = ask(one.port, '2.a', { path: '/slow' });
  slow.catch(() => undefined);
  await eventually(() => two.asked.length === 2);
  const waiting = expect(slow).rejects.toThrow('aborted');
  // Its own answer to `/silent` would never come: what counts is that it was asked.
  silent.catch(() => undefined);
  await two[Symbol.asyncDispose]();
  await waiting;
  await eventually(() => one.asked.some(({ head }) => head.path === '/silent'));

  // Of a body nothing may be left then, and an unknown session needs none.
  expect((await ask(one.port, '2.a', { body: 'x' })).text).toMatch(/^1 /);
  expect((await ask(one.port, '77.a')).text).toBe('1 ');
  const { came } = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => came.text.endsWith('\r\n\r\n1 '));
  // As after a kill, where the file stays.
  const left = createServer().listen({ path: join(directory, '2', '0') });
  await once(left, 'listening');
  left.close();
  expect((await ask(one.port, '2.a')).text).toBe('1 ');
});

it('is idle once it carries nothing for the others, and after the time it is given', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const own = await send(one.port, `GET /s?sid=1.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => one.sockets.length === 1);
  await one.neighbours.idle(60_000);
  const carried = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 1);
  const start = performance.now();
  await one.neighbours.idle(200);
  expect(performance.now() - start).toBeGreaterThan(190);
  const idle = one.neighbours.idle(60_000);
  carried.socket.destroy();
  await idle;
  own.socket.destroy();

  // What is not over by then ends with the worker.
  const late = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 2);
  await one[Symbol.asyncDispose]();
  await eventually(() => late.came.ended);
});
