import {
  clientFrame,
  connectRaw,
  createTokenSigner,
  eventually,
  handshake,
  RawSocket,
  type RedisServer,
  startRedis,
} from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET } from '../start-api.js';
import { startProcess } from '../start-process.js';

/** One server process for the whole file: what one test leaves behind, the others would feel. */
let redis: RedisServer;
let server: ReturnType<typeof startProcess>;
let url = '';
let port = 0;
const token = createTokenSigner(SECRET);

beforeAll(async () => {
  redis = await startRedis();
  server = startProcess({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    JWT_SECRET: SECRET,
    REDIS_URL: redis.url,
    HELLO_TIMEOUT_MS: '1000',
    MAX_MESSAGE_BYTES: '65536',
  });
  [, url = ''] = await server.printed(/listening at (http:\S+) \(all\)/);
  port = Number(new URL(url).port);
  await eventually(async () => (await fetch(`${url}/readyz`)).status === 200);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

async function metric(name: string): Promise<number> {
  const headers = { authorization: `Bearer ${token('boss', { roles: ['admin'] })}` };
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const values = text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Someone who minds his own business still can. */
async function expectService(): Promise<void> {
  await using client = await connectRaw({ url: url.replace('http', 'ws') });
  await client.hello({ token: token('bystander') });
  await client.join('lobby:bystander');
  await client.publish('lobby:bystander', 'message', { text: 'still here' });
  await client.nextOf('event');
}

async function paths(): Promise<readonly string[]> {
  const user = token('mallory');
  const uuid = '123e4567-e89b-12d3-a456-426614174000';
  const participant = token(uuid, { rooms: [`conversation:${uuid}`] });
  return [
    '/v1/connect',
    `/ws?token=${user}`,
    `/shipvox/ws?token=${user}`,
    '/realtime/?EIO=4&transport=websocket',
    `/v1/ws/chat?conversation_id=${uuid}&access_token=${participant}`,
    '/websocket/connect',
  ];
}

describe.concurrent('bytes that are no request', () => {
  it.each([
    [
      'a length and chunks (S20)',
      'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['two lengths (S20)', 'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n', 400],
    ['a space before the colon (S20)', 'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n', 400],
    ['a folded header (S21)', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n', 400],
    ['a bare line feed (S21)', 'GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n', 400],
    ['no host (S21)', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a second Host (S21)', 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['20 kB of header (S21)', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01', 400],
  ])('with %s are refused', async (_, bytes, status) => {
    await using raw = await RawSocket.connect(port);
    raw.socket.write(bytes);
    expect(await raw.status()).toBe(status);
    await raw.ended();
  });

  it('that come slowly, or never, are answered 408 or ended while others are served (S22)', async () => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => RawSocket.connect(port)));
    for (const [n, raw] of slow.entries()) if (n % 2) raw.socket.write('GET /v1/connect HTTP/1.1\r\nHost: a\r\nX-A: ');
    await expectService();
    // 5 s for the headers, looked at once a second.
    await Promise.all(slow.map((raw) => raw.ended(8_000)));
    for (const [n, raw] of slow.entries()) if (n % 2) expect(await raw.status()).toBe(408);
    await expectService();
  });
});

describe('a socket of any format', () => {
  it('that sends what no WebSocket may is closed by its code, alone (S24, S25)', async () => {
    const bad: readonly (readonly [Buffer, number])[] = [
      [clientFrame('x', { opcode: 2 }), 1003],
      [clientFrame(Buffer.from([0xc3, 0x28])), 1007],
      [clientFrame('x', { isCompressed: true }), 1002],
      [clientFrame('x', { opcode: 5 }), 1002],
      [clientFrame('x'.repeat(65_537)), 1009],
      [Buffer.from([0x81, 0x01, 0x78]), 1002],
    ];
    for (const [bytes, code] of bad) {
      await using raw = await RawSocket.upgrade(port, { path: '/v1/connect' });
      raw.socket.write(bytes);
      expect((await raw.closeFrame()).code).toBe(code);
    }
    await expectService();
  });

  it('that floods with fragments, pings and frames in the head is bounded or ended (S23, S24, S31)', async () => {
    const fragment = clientFrame('x', { opcode: 0, isFinal: false });
    const fragments = [clientFrame('x', { isFinal: false }), ...Array.from({ length: 30_000 }, () => fragment)];
    const pings = Array.from({ length: 20_000 }, () => clientFrame('x'.repeat(125), { opcode: 9 }));
    const pipelined = Array.from({ length: 5_000 }, () => clientFrame('{"type":"pong"}'));
    const authorization = `Bearer ${token('mallory')}`;
    for (const path of await paths()) {
      for (const flood of [fragments, pings, pipelined]) {
        await using raw = await RawSocket.connect(port);
        const head = Buffer.from(handshake({ path, headers: { Authorization: authorization } }));
        raw.socket.write(Buffer.concat([head, ...flood]));
        await raw.head();
      }
    }
    await expectService();
  });

  it('that resets at every stage leaves nothing behind (S42)', async () => {
    const authorization = `Bearer ${token('mallory')}`;
    const hello = clientFrame(
      JSON.stringify({ type: 'hello', id: 'h', token: token('mallory'), rooms: [{ room: 'lobby:a' }] }),
    );
    for (const path of await paths()) {
      const request = Buffer.from(handshake({ path, headers: { Authorization: authorization } }));
      const stages = [request.subarray(0, 1), request.subarray(0, -2), request];
      for (const cut of [1, 2, 6, 40, hello.length]) stages.push(Buffer.concat([request, hello.subarray(0, cut)]));
      for (const bytes of stages) {
        for (const mustAnswer of [false, true]) {
          const raw = await RawSocket.connect(port);
          await new Promise((resolve) => raw.socket.write(bytes, resolve));
          if (mustAnswer && bytes.length >= request.length) await raw.head();
          raw.socket.resetAndDestroy();
        }
      }
    }
    await expectService();
  });
});

describe('junk in Redis (S43)', () => {
  it('on every channel of ours and of other services is ignored and counted', async () => {
    await using client = await connectRaw({ url: url.replace('http', 'ws') });
    await client.hello({ token: token('ann', { roles: ['admin'] }) });
    await client.join('lobby:junk');
    const channels = (await redis.command('PUBSUB', 'CHANNELS', '*')) as string[];
    const junk = [
      '',
      '{',
      'null',
      '[]',
      '1',
      '9Z{}',
      `1E${'x'.repeat(2_000_000)}`,
      '{"t":"revoke","revocation":{}}',
      '\u0000',
      '1S{"t":"disconnect","userId":7}',
    ];
    const before = await metric('trunkline_broker_events_total{event="junk"}');
    for (const channel of [...channels, 'booking:status', 'support:message', 'technician:location'])
      for (const message of junk) await redis.command('PUBLISH', channel, message);
    await eventually(async () => (await metric('trunkline_broker_events_total{event="junk"}')) > before);
    await client.publish('lobby:junk', 'message', { text: 'x' });
    expect(await client.nextOf('event')).toMatchObject({ offset: 1, data: { text: 'x' } });
    expect(client.seen.filter(({ type }) => type === 'event' || type === 'gap')).toHaveLength(1);
  });
});

it('afterwards everything is counted back to zero, and the process that started is the one that serves', async () => {
  await eventually(async () => (await metric('trunkline_connections{')) === 0, { timeoutMs: 10_000 });
  const headers = { authorization: `Bearer ${token('boss', { roles: ['admin'] })}` };
  await eventually(async () => {
    const answer = await fetch(`${url}/websocket/connections`, { headers });
    return JSON.stringify(await answer.json()).startsWith('{"connections":[]');
  });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await expectService();
});
