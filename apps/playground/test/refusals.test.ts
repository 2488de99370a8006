import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createTokenSigner, eventually, type SpawnedServer, spawnServer } from '@trunkline/testkit';
import { openBrowser, type TestBrowser } from '@trunkline/testkit/browser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
const SECRET = 'Kq3v9ZtP0x7mW2sB8yR5nL1cJ6hD4fGa';
const token = createTokenSigner(SECRET);
const HOUR_AGO = Math.floor(Date.now() / 1_000) - 3_600;

let server: SpawnedServer;
let browser: TestBrowser;
let own: Page;
beforeAll(async () => {
  const env = {
    NODE_ENV: 'development',
    LOG_LEVEL: 'warn',
    JWT_SECRET: SECRET,
    HELLO_TIMEOUT_MS: '500',
    MAX_CONNECTIONS_PER_USER: '1',
    MAX_MESSAGE_BYTES: '70000',
    RATE_LIMIT_MESSAGES_PER_SECOND: '2',
  };
  [server, browser] = await Promise.all([spawnServer({ main: MAIN, env }), openBrowser()]);
  ({ page: own } = await browser.open(`${server.url}/healthz`));
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

interface Seen {
  readonly opened: boolean;
  readonly protocol: string;
  readonly code: number;
  readonly reason: string;
  /** `type` and `code` of each frame. */
  readonly frames: readonly string[];
}

interface Try {
  readonly path?: string;
  readonly protocols?: readonly string[];
  /** Sent once open. */
  readonly frames?: readonly (string | 'binary')[];
  readonly times?: number;
}

/** What a page is told, by nothing but the standard WebSocket. */
function see(
  page: Page,
  { path = '/v1/connect', protocols = ['trunkline.v1'], frames = [], times = 1 }: Try,
): Promise<Seen> {
  return page.evaluate(
    (what) =>
      new Promise<Seen>((resolve) => {
        const socket = new WebSocket(what.url, [...what.protocols]);
        const heard: string[] = [];
        let opened = false;
        socket.onopen = () => {
          opened = true;
          for (let n = 0; n < what.times; n++)
            for (const frame of what.frames) socket.send(frame === 'binary' ? new Uint8Array([1]) : frame);
        };
        socket.onmessage = ({ data }) => {
          const frame = JSON.parse(data);
          heard.push(`${frame.type} ${frame.code ?? ''}`.trim());
        };
        socket.onclose = ({ code, reason }) =>
          resolve({ opened, protocol: socket.protocol, code, reason, frames: heard });
      }),
    { url: server.socketUrl.replace('/v1/connect', path), protocols: [...protocols], frames: [...frames], times },
  );
}

const hello = (bearer?: string) => JSON.stringify({ type: 'hello', id: 'h', token: bearer });
const admin = () => ({
  authorization: `Bearer ${token('boss', { roles: ['admin'] })}`,
  'content-type': 'application/json',
});

describe('a page sees the code and the reason of', () => {
  test.each<readonly [string, () => Try, number, string]>([
    ['no token', () => ({ frames: [hello()] }), 4100, 'unauthenticated'],
    ['garbage for a token', () => ({ frames: [hello('garbage')] }), 4100, 'unauthenticated'],
    ['a token of another key', () => ({ frames: [hello(`${token('ann')}x`)] }), 4100, 'unauthenticated'],
    ['a token that has ended', () => ({ frames: [hello(token('ann', { exp: HOUR_AGO }))] }), 4101, 'token_expired'],
    ['no hello', () => ({}), 4001, 'hello_timeout'],
    ['another frame before hello', () => ({ frames: ['{"type":"pong"}'] }), 4501, 'protocol_violation'],
    ['a binary frame', () => ({ frames: ['binary'] }), 1003, 'unsupported_data'],
    ['a message that is too big', () => ({ frames: [hello('x'.repeat(70_001))] }), 1009, ''],
    [
      'a flood',
      () => ({
        frames: [hello(token('flo')), ...Array<string>(60).fill('{"type":"leave","id":"l","room":"lobby:a"}')],
      }),
      4003,
      'rate_limited',
    ],
  ])('%s', async (_, attempt, code, reason) => {
    const seen = await see(own, attempt());
    expect(seen).toMatchObject({ opened: true, protocol: 'trunkline.v1', code });
    // A message beyond the limit is refused by the transport, which says no more than the code.
    if (reason !== '') expect(seen.reason).toBe(reason);
    if (code >= 4000) expect(seen.frames).toContain(`goaway ${code}`);
  });

  test('a revoked token, a disconnect and one connection too many, while it is connected', async () => {
    const ask = (path: string, body?: object) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: body ? admin() : { authorization: admin().authorization },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const connected = async (count: number) => {
      const answer = await fetch(`${server.url}/websocket/connections`, { headers: admin() });
      return ((await answer.json()) as { total: number }).total === count;
    };
    const rita = see(own, { frames: [hello(token('rita', { jti: 'r1' }))] });
    const dan = see(own, { frames: [hello(token('dan'))] });
    await eventually(() => connected(2));
    expect(await see(own, { frames: [hello(token('dan'))] })).toMatchObject({
      code: 4004,
      reason: 'too_many_connections',
    });
    await ask('/v1/tokens/revoke', { jti: 'r1' });
    await ask('/v1/users/dan/disconnect');
    expect(await rita).toMatchObject({ code: 4102, reason: 'token_revoked' });
    expect(await dan).toMatchObject({ code: 4502, reason: 'disconnected' });
    expect(await see(own, { frames: [hello(token('rita', { jti: 'r1' }))] })).toMatchObject({ code: 4102 });
  });

  test('another subject in a refresh', async () => {
    const refresh = JSON.stringify({ type: 'refresh', id: 'r', token: token('eve') });
    const seen = await see(own, { frames: [hello(token('sue')), refresh] });
    expect(seen).toMatchObject({ code: 4503, reason: 'subject_changed' });
  });
});

test('a page that sends its token by subprotocol is not shown it again (S16)', async () => {
  const bearer = `trunkline.bearer.${token('ann', { exp: HOUR_AGO })}`;
  for (const protocols of [
    ['trunkline.v1', bearer],
    [bearer, 'trunkline.v1'],
  ])
    expect(await see(own, { protocols, frames: [hello()] })).toMatchObject({ protocol: 'trunkline.v1', code: 4101 });
});

describe('a page with the cookie (S15)', () => {
  const COOKIES = { '/v1/connect': 'trunkline_token', '/websocket/connect': 'falcon_auth_token' };

  async function openWithCookies(url: string): Promise<Page> {
    const { page } = await browser.open(url);
    const cookies = Object.values(COOKIES).map((name) => ({
      name,
      value: token('ann'),
      domain: '127.0.0.1',
      path: '/',
    }));
    await page.context().addCookies(cookies);
    return page;
  }

  test('of our own origin is let in', async () => {
    const page = await openWithCookies(`${server.url}/healthz`);
    const flood = Array<string>(60).fill('{"type":"leave","id":"l","room":"lobby:a"}');
    const seen = await see(page, { frames: [hello(), ...flood] });
    expect(seen.frames[0]).toBe('welcome');
  });

  test('of a foreign origin gets nothing: no upgrade, no frame, no code that tells why', async () => {
    const foreign = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<p>foreign'));
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const page = await openWithCookies(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
    for (const path of Object.keys(COOKIES)) {
      const protocols = path === '/v1/connect' ? ['trunkline.v1'] : [];
      expect(await see(page, { path, protocols, frames: [hello()] })).toEqual({
        opened: false,
        protocol: '',
        code: 1006,
        reason: '',
        frames: [],
      });
    }
    const read = await page.evaluate(
      (url) =>
        fetch(url, { credentials: 'include' }).then(
          () => 'read',
          () => 'refused',
        ),
      `${server.url}/websocket/rooms`,
    );
    expect(read).toBe('refused');
    foreign.closeAllConnections();
    foreign.close();
  });
});
