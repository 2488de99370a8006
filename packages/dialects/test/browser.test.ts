import { readFile } from 'node:fs/promises';
import { eventually } from '@trunkline/testkit';
import { launchChromium } from '@trunkline/testkit/browser';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actionsDialect } from '../src/actions/index.js';
import { bookingDialect, bookingService } from '../src/booking/index.js';
import { falconDialect } from '../src/falcon/index.js';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { shipvoxDialect } from '../src/shipvox/index.js';
import { serveSite } from './support/serve-site.js';
import { startHub } from './support/start-hub.js';

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const ANN = '123e4567-e89b-12d3-a456-426614174000';

let browser: Browser;
let site: Awaited<ReturnType<typeof serveSite>>;

beforeAll(async () => {
  browser = await launchChromium();
  site = await serveSite();
});
afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
});

const startAll = (allowedOrigins: readonly string[] = [site.origin]) =>
  startHub(
    [bookingDialect(), shipvoxDialect(), secureconnectDialect(), falconDialect(), actionsDialect({ allowedOrigins })],
    { allowedOrigins },
  );

/** A page of another origin than the hub's. */
async function openPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.origin);
  return page;
}

/** Opens a WebSocket in the page; what it gets and how it ends is in the page's `got`. */
function openSocket(page: Page, url: string): Promise<void> {
  return page.evaluate(`
    globalThis.got = [];
    globalThis.ws = new WebSocket(${JSON.stringify(url)});
    ws.addEventListener('message', (event) => got.push(JSON.parse(event.data)));
    ws.addEventListener('close', (event) => got.push({ type: 'closed', code: event.code }));
    new Promise((resolve) => { ws.onopen = () => resolve(); ws.onerror = () => resolve(); });
  `);
}

const say = (page: Page, message: object) =>
  page.evaluate((text) => Reflect.get(globalThis, 'ws').send(text), JSON.stringify(message));

async function got(page: Page, type: string): Promise<Record<string, unknown>> {
  return eventually(
    async () => {
      const messages: Record<string, unknown>[] = await page.evaluate(() => Reflect.get(globalThis, 'got'));
      return messages.find((message) => message.type === type);
    },
    { timeoutMs: 15_000 },
  );
}

test('Chromium’s own WebSocket speaks booking, shipvox and secureconnect by query token', async () => {
  await using served = await startAll();
  await served.relate(`booking:42 owner ${ANN}`, `conversation:${CONVERSATION} participant ${ANN}`);
  const token = await served.token(ANN);
  const base = `ws://127.0.0.1:${served.port}`;
  const page = await openPage();

  await openSocket(page, `${base}/ws?token=${token}`);
  await say(page, { type: 'join', room: 'booking:42' });
  await got(page, 'joined_room');
  await bookingService(served.hub).broadcastBookingStatus('42', 'nobody', 'en_route');
  expect(await got(page, 'status_update')).toMatchObject({ bookingId: '42', status: 'en_route' });

  await openSocket(page, `${base}/shipvox/ws?token=${token}`);
  await say(page, { type: 'test', payload: { message: 'Hello world' }, timestamp: 1, requestId: 'r' });
  expect(await got(page, 'test')).toMatchObject({ payload: { message: 'Hello world' }, user: ANN });

  await openSocket(page, `${base}/v1/ws/chat?conversation_id=${CONVERSATION}&access_token=${token}`);
  await say(page, { type: 'chat', content: 'Test message', is_encrypted: false, message_type: 'text' });
  expect(await got(page, 'chat')).toMatchObject({ content: 'Test message', sender_id: ANN });
  await page.close();
});

test('a browser sees 1008 for a bad token, which no HTTP status could tell it', async () => {
  await using served = await startAll();
  const page = await openPage();
  for (const path of ['/ws', '/shipvox/ws']) {
    await openSocket(page, `ws://127.0.0.1:${served.port}${path}?token=x`);
    expect(await got(page, 'closed')).toMatchObject({ code: 1008 });
  }
  await page.close();
});

test('falcon takes the browser’s cookie from an allowed page and from no other', async () => {
  for (const [origins, outcome] of [
    [[site.origin], 'room_joined'],
    [[], 'closed'],
  ] as const) {
    await using served = await startAll(origins);
    const context = await browser.newContext();
    const value = await served.token('alice');
    await context.addCookies([{ name: 'falcon_auth_token', value, url: `http://127.0.0.1:${served.port}` }]);
    const page = await context.newPage();
    await page.goto(site.origin);
    await openSocket(page, `ws://127.0.0.1:${served.port}/websocket/connect`);
    await got(page, outcome);
    await context.close();
  }
});

test('the Socket.IO client of a page of another origin polls, upgrades and is answered', async () => {
  await using served = await startAll();
  served.hub.handle('echo', (input) => input);
  const page = await openPage();
  const client = await readFile(
    new URL('../node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url),
    'utf8',
  );
  await page.addScriptTag({ content: client });
  const token = await served.token('alice');
  await page.evaluate(`
    globalThis.got = [];
    globalThis.socket = io('http://127.0.0.1:${served.port}', { path: '/realtime', auth: { token: '${token}' }, query: { sessionId: 's' } });
    socket.on('message', (message) => got.push(JSON.parse(message)));
    socket.emit('message', JSON.stringify({ type: 'REQUEST', requestId: 'r', action: 'echo', data: { a: 1 } }));
  `);
  expect(await got(page, 'RESPONSE')).toMatchObject({ requestId: 'r', data: { a: 1 } });
  await eventually(async () => (await page.evaluate('socket.io.engine.transport.name')) === 'websocket');
  await page.close();
});
