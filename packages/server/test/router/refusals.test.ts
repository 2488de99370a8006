import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { webSocketDialect } from '../../src/web-socket/web-socket-dialect.js';
import { chatCodec, refuseChat } from '../support/chat-codec.js';
import { createFakeGateway } from '../support/fake-gateway.js';
import { type HandshakeOptions, handshake, RawSocket } from '../support/raw-socket.js';
import { type ServeOptions, serve } from '../support/serve.js';

const dialect = () => webSocketDialect({ name: 'chat', paths: ['/ws'], codec: chatCodec, refuse: refuseChat });
const serveChat = (options: Partial<ServeOptions> = {}) =>
  serve({ gateway: createFakeGateway(), dialects: [dialect()], ...options });

async function answer(port: number, options: HandshakeOptions): Promise<{ status: number; head: string }> {
  await using raw = await RawSocket.connect(port);
  raw.socket.write(handshake(options));
  return { status: await raw.status(), head: await raw.head() };
}

describe('an upgrade', () => {
  const REFUSALS: readonly (readonly [string, HandshakeOptions, number, string])[] = [
    ['to an unknown path', { path: '/elsewhere' }, 404, ''],
    ['by POST', { method: 'POST' }, 405, 'Allow: GET'],
    ['with a Content-Length', { headers: { 'Content-Length': '5' }, body: 'hello' }, 400, ''],
    ['with a Transfer-Encoding', { headers: { 'Transfer-Encoding': 'chunked' }, body: '0\r\n\r\n' }, 400, ''],
    ['to another protocol', { headers: { Upgrade: 'h2c' } }, 400, ''],
    ['of version 8', { headers: { 'Sec-WebSocket-Version': '8' } }, 426, 'Sec-WebSocket-Version: 13'],
    ['without a version', { headers: { 'Sec-WebSocket-Version': undefined } }, 426, 'Sec-WebSocket-Version: 13'],
    ['without a Host', { headers: { Host: undefined } }, 400, ''],
    ['without a key', { headers: { 'Sec-WebSocket-Key': undefined } }, 400, ''],
    ['with a short key', { headers: { 'Sec-WebSocket-Key': 'abc' } }, 400, ''],
    ['with a duplicated subprotocol', { headers: { 'Sec-WebSocket-Protocol': 'a, a' } }, 400, ''],
  ];
  it.each(REFUSALS)('%s is refused', async (_, options, status, header) => {
    await using served = await serveChat();
    const refusal = await answer(served.port, options);
    expect(refusal.status).toBe(status);
    expect(refusal.head).toContain(header);
    expect(refusal.head).toContain('Connection: close');
  });

  it('with Content-Length and Transfer-Encoding is refused by Node', async () => {
    await using served = await serveChat();
    const headers = { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' };
    expect((await answer(served.port, { headers })).status).toBe(400);
  });

  const ORIGINS: readonly (readonly [string, string | undefined, string | undefined, number])[] = [
    ['of an allowed origin with a cookie', 'https://app.example.com', 'sid=1', 101],
    ['of a foreign origin with a cookie', 'https://evil.example', 'sid=1', 403],
    ['of origin null with a cookie', 'null', 'sid=1', 403],
    ['of a host that ends like ours', 'https://app.example.com.evil.io', 'sid=1', 403],
    ['of another port', 'https://app.example.com:8443', 'sid=1', 403],
    ['of another scheme', 'http://app.example.com', 'sid=1', 403],
    ['of our origin in upper case', 'https://APP.example.com', 'sid=1', 403],
    ['of two origins', 'https://app.example.com, https://evil.example', 'sid=1', 403],
    ['of a foreign origin without a cookie', 'https://evil.example', undefined, 101],
    ['without an origin', undefined, 'sid=1', 101],
  ];
  it.each(ORIGINS)('%s is answered as said', async (_, origin, cookie, status) => {
    await using served = await serveChat({ allowedOrigins: ['https://app.example.com', 'null'] });
    expect((await answer(served.port, { headers: { Origin: origin, Cookie: cookie } })).status).toBe(status);
  });

  it('that sends its header too slowly is answered 408', async () => {
    await using served = await serveChat();
    served.server.headersTimeout = 100;
    await using raw = await RawSocket.connect(served.port);
    raw.socket.write('GET /ws HTTP/1.1\r\nHost: local');
    expect(await raw.status()).toBe(408);
  });

  it('is served while 100 silent and slow connections wait, and those are ended', async () => {
    await using served = await serveChat();
    served.server.headersTimeout = 300;
    const waiting = await Promise.all(Array.from({ length: 100 }, () => RawSocket.connect(served.port)));
    for (const [index, raw] of waiting.entries()) if (index % 2) raw.socket.write('GET /ws HTTP/1.1\r\nHost:');
    expect((await answer(served.port, {})).status).toBe(101);
    await Promise.all(waiting.map((raw) => raw.ended()));
  });

  const MALFORMED: readonly (readonly [string, string])[] = [
    ['a folded header', 'X-A: 1\r\n 2\r\n'],
    ['a bare line feed', 'X-A: 1\nX-B: 2\r\n'],
    ['a NUL in a header', 'X-A: a\0b\r\n'],
    ['a second Host', 'Host: elsewhere\r\n'],
    ['a second key', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'],
    ['a space before the colon', 'X-A : 1\r\n'],
  ];
  it.each(MALFORMED)('with %s is refused, and the next one is served', async (_, line) => {
    await using served = await serveChat();
    await using raw = await RawSocket.connect(served.port);
    raw.socket.write(handshake().replace('Host:', `${line}Host:`));
    expect(await raw.status()).toBe(400);
    expect((await answer(served.port, {})).status).toBe(101);
  });

  it.each(['1.0', '2.0'])('by HTTP/%s is refused', async (version) => {
    await using served = await serveChat();
    await using raw = await RawSocket.connect(served.port);
    raw.socket.write(handshake().replace('HTTP/1.1', `HTTP/${version}`));
    expect(await raw.status()).toBe(400);
  });

  it('with 2 500 headers or 20 kB of them does not harm the server', async () => {
    await using served = await serveChat();
    const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, index) => [`x-${index}`, '']));
    expect([101, 431]).toContain((await answer(served.port, { headers: many })).status);
    expect((await answer(served.port, { headers: { 'X-Large': 'x'.repeat(20_000) } })).status).toBe(431);
    expect((await answer(served.port, {})).status).toBe(101);
  });
});

describe('the router', () => {
  it('lowers the timeouts of the server', async () => {
    await using served = await serveChat();
    expect(served.server.headersTimeout).toBe(10_000);
    expect(served.server.requestTimeout).toBe(30_000);
  });

  it('leaves other requests to the application', async () => {
    await using served = await serveChat({ app: (_, res) => res.end('app') });
    expect(await (await fetch(`http://127.0.0.1:${served.port}/other`)).text()).toBe('app');
  });

  it('leaves requests that offer HTTP/2 to the application, with their bodies, on one connection', async () => {
    const echo: RequestListener = (req, res) => void req.pipe(res.setHeader('X-Upgrade', String(req.headers.upgrade)));
    await using served = await serveChat({ app: echo });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' };
    for (const body of ['first', 'x'.repeat(200_000), '']) {
      const asked = request({ agent, port: served.port, method: 'POST', path: '/other', headers });
      asked.write(body.slice(0, 2));
      asked.end(body.slice(2));
      const [answered]: IncomingMessage[] = await once(asked, 'response');
      expect(answered?.headers['x-upgrade']).toBe('undefined');
      expect(answered && (await text(answered))).toBe(body);
    }
    agent.destroy();
  });

  it('answers 404 where there is no application', async () => {
    await using served = await serveChat();
    expect((await fetch(`http://127.0.0.1:${served.port}/other`)).status).toBe(404);
  });

  it('answers plain requests to a WebSocket path 426, and 405 for other methods than GET', async () => {
    await using served = await serveChat();
    const url = `http://127.0.0.1:${served.port}/ws?token=a`;
    const plain = await fetch(url);
    expect(plain.status).toBe(426);
    expect(plain.headers.get('sec-websocket-version')).toBe('13');
    expect(plain.headers.get('content-type')).toBe('application/problem+json');
    expect(await plain.json()).toMatchObject({ status: 426, detail: 'This path speaks WebSocket.' });
    const posted = await fetch(url, { method: 'POST' });
    expect(posted.status).toBe(405);
    expect(await posted.json()).toMatchObject({ status: 405 });
  });

  it('gives plain paths of a dialect to its endpoints, and refuses upgrades there', async () => {
    const withEndpoint = webSocketDialect({
      name: 'chat',
      paths: ['/ws'],
      codec: chatCodec,
      refuse: refuseChat,
      endpoints: { '/token': (_gateway, _req, res) => res.end('token') },
    });
    await using served = await serveChat({ dialects: [withEndpoint] });
    expect(await (await fetch(`http://127.0.0.1:${served.port}/token`)).text()).toBe('token');
    expect((await answer(served.port, { path: '/token' })).status).toBe(404);
  });

  it('gives the application its listeners back when it closes', async () => {
    await using served = await serveChat({ app: (_, res) => res.end('app') });
    await served.router.close();
    expect(await (await fetch(`http://127.0.0.1:${served.port}/ws`)).text()).toBe('app');
  });

  it('mounts a dialect once for two servers', async () => {
    let mounts = 0;
    const mount = () => {
      mounts++;
      return { close: async () => {} };
    };
    const counted = { name: 'counted', match: () => true, mount };
    await using served = await serveChat({ dialects: [counted] });
    served.router.attach(createServer(), [counted]);
    expect(mounts).toBe(1);
  });

  it('takes further dialects for a server it is attached to', async () => {
    await using served = await serveChat();
    served.router.attach(served.server, [
      webSocketDialect({ name: 'more', paths: ['/more'], codec: chatCodec, refuse: refuseChat }),
    ]);
    expect((await answer(served.port, { path: '/more' })).status).toBe(101);
    expect((await answer(served.port, {})).status).toBe(101);
    expect((await answer(served.port, { path: '/none' })).status).toBe(404);
  });
});
