import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { eventually, startFaultProxy, watchLeaks } from '../src/index.js';
import { createProxiedPair } from '../src/proxied-pair.js';

/** Answers each chunk with itself. */
async function startEcho() {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function dial(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  const seen = { text: '', end: '' };
  socket.setEncoding('utf8').on('data', (text: string) => {
    seen.text += text;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.end = error.code ?? 'error';
  });
  socket.on('close', () => {
    seen.end ||= 'closed';
  });
  await once(socket, 'connect');
  return {
    socket,
    seen,
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

test('passes bytes both ways and counts them', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using peer = await dial(proxy.port);
  peer.socket.write('hello');
  await eventually(() => peer.seen.text === 'hello');
  expect(proxy.counts).toMatchObject({ connections: 1, bytesUp: 5, bytesDown: 5 });
});

test('resets every connection, and closes in the ordinary way with cut', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using one = await dial(proxy.port);
  await eventually(() => proxy.open === 1);
  proxy.rstAll();
  await eventually(() => one.seen.end === 'ECONNRESET');
  await using two = await dial(proxy.port);
  await eventually(() => proxy.open === 1);
  proxy.cut();
  await eventually(() => two.seen.end === 'closed');
  expect(proxy.open).toBe(0);
});

test('lets exactly n bytes through before the reset', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using peer = await dial(proxy.port);
  proxy.cutAfter('down', 3);
  peer.socket.write('hello');
  await eventually(() => peer.seen.end === 'ECONNRESET');
  expect(peer.seen.text).toBe('hel');
});

test('passes nothing behind the byte it cuts after', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using peer = await dial(proxy.port);
  await eventually(() => proxy.open === 1);
  proxy.cutAfter('down', 3);
  peer.socket.write('hello');
  await eventually(() => peer.seen.text === 'hel', { everyMs: 1 });
  peer.socket.write('again');
  await eventually(() => peer.seen.end === 'ECONNRESET');
  expect(peer.seen.text).toBe('hel');
});

test('holds bytes in a black hole and passes them on when it heals', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using peer = await dial(proxy.port);
  await eventually(() => proxy.open === 1);
  proxy.blackhole('down');
  peer.socket.write('hello');
  await eventually(() => proxy.counts.bytesUp === 5);
  expect(peer.seen.text).toBe('');
  proxy.heal();
  await eventually(() => peer.seen.text === 'hello');
});

test('holds up the connections that sent one word, new ones too, and no other until it heals', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using early = await dial(proxy.port);
  early.socket.write('deaf');
  await eventually(() => early.seen.text === 'deaf');
  proxy.blackholeThat((sent) => sent.startsWith('deaf'));
  await using late = await dial(proxy.port);
  await using other = await dial(proxy.port);
  early.socket.write('er');
  late.socket.write('deaf');
  other.socket.write('well');
  await eventually(() => other.seen.text === 'well');
  expect([early.seen.text, late.seen.text]).toEqual(['deaf', '']);
  proxy.heal();
  await eventually(() => early.seen.text === 'deafer' && late.seen.text === 'deaf');
});

test('refuses the next connections and then accepts again', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  proxy.refuseNext(1);
  // The reset may come before or after the connection is reported.
  const ended = await dial(proxy.port).then(
    ({ seen }) => eventually(() => seen.end !== '' && seen.end),
    (error: NodeJS.ErrnoException) => error.code,
  );
  expect(ended).toBe('ECONNRESET');
  await using accepted = await dial(proxy.port);
  accepted.socket.write('hi');
  await eventually(() => accepted.seen.text === 'hi');
  expect(proxy.counts.refused).toBe(1);
});

test('refuses connections in the kernel while it is down', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await proxy.down();
  await expect(dial(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.up();
  await using peer = await dial(proxy.port);
  peer.socket.write('hi');
  await eventually(() => peer.seen.text === 'hi');
});

test('swallows the reply to one request, which the target did get', async () => {
  await using echo = await startEcho();
  await using proxy = await startFaultProxy({ targetPort: echo.port });
  await using peer = await dial(proxy.port);
  proxy.swallowReply((request) => request.includes('second'));
  peer.socket.write('first');
  await eventually(() => peer.seen.text === 'first');
  peer.socket.write('second');
  await eventually(() => peer.seen.end === 'ECONNRESET');
  expect(peer.seen.text).toBe('first');
  expect(proxy.counts).toMatchObject({ swallowed: 1, bytesUp: 11 });
});

test('leaves nothing open of a connection that is reset while it ends', async () => {
  await using _leaks = watchLeaks();
  await using echo = await startEcho();
  const [client, target] = [connect(echo.port, '127.0.0.1'), connect(echo.port, '127.0.0.1')];
  await Promise.all([once(client, 'connect'), once(target, 'connect')]);
  const counts = { connections: 1, refused: 0, cuts: 0, swallowed: 0, bytesUp: 0, bytesDown: 0 };
  const held = { up: false, down: false };
  const faults = { delayMs: { up: 0, down: 0 }, held, cutAfter: undefined, swallow: undefined, heldThat: undefined };
  const pair = createProxiedPair(client, target, { faults, counts, onEnd: () => undefined });
  target.end();
  pair.reset();
});
