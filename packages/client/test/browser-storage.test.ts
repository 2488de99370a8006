import { eventually, startFaultProxy } from '@trunkline/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPages, type Pages } from './support/open-pages.js';
import { start } from './support/start-in-page.js';
import { startServer, urlOf } from './support/start-server.js';

let pages: Pages;

beforeAll(async () => {
  pages = await openPages();
});

afterAll(() => pages[Symbol.asyncDispose]());

/** IndexedDB writes a moment later; what a reload cuts off before that is not queued yet. */
const STORED = {
  localStorageQueue: 'Object.keys(localStorage).filter((key) => key.startsWith("trunkline/publish/")).length',
  indexedDbQueue: `new Promise((resolve) => {
    const request = indexedDB.open('trunkline');
    // Where there is none, looking makes none.
    request.onupgradeneeded = () => request.transaction.abort();
    request.onerror = () => resolve(0);
    request.onsuccess = () => {
      const database = request.result;
      const count = database.transaction('publishes').objectStore('publishes').count();
      count.onsuccess = () => resolve(count.result);
      database.close();
    };
  })`,
};

describe.each(['localStorageQueue', 'indexedDbQueue'] as const)('with %s', (storage) => {
  const queue = `queue: { storage: trunkline.${storage}() }, backoff: { baseMs: 20, capMs: 200 }`;

  test('a reload with queued messages loses none and doubles none (socket.io #2805)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    await proxy.down();
    await using context = await pages.profile();
    const page = await pages.open(context);
    const token = await server.token('ann');
    await page.evaluate(start(urlOf(proxy.port), token, queue));
    await page.evaluate('for (const text of ["1", "2", "3"]) void room.publish("message", { text }).catch(() => {})');
    await page.waitForFunction('client.queue.status.length === 3 && client.state.status === "waiting"');
    await eventually(async () => (await page.evaluate(STORED[storage])) === 3);
    await page.reload();
    await proxy.up();
    await page.evaluate(
      `${start(urlOf(proxy.port), token, queue)} globalThis.settled = []; client.on('settled', ({ result }) => settled.push(result.offset)); client.connect()`,
    );
    await page.waitForFunction('settled.length === 3');
    const { entries } = await server.hub.history('lobby:main', { limit: 10 });
    expect([entries.map(({ data }) => data), await page.evaluate('[settled, errors]')]).toEqual([
      [{ text: '1' }, { text: '2' }, { text: '3' }],
      [[1, 2, 3], []],
    ]);
  });

  test('of two tabs that open after a crash, one sends what was left, once', async () => {
    await using server = await startServer();
    await using context = await pages.profile();
    const [lost, living, one, other] = await Promise.all([1, 2, 3, 4].map(() => pages.open(context)));
    if (!lost || !living || !one || !other) throw new Error('no tabs');
    const token = await server.token('ann');
    for (const [tab, text] of [
      [lost, 'left'],
      [living, 'held'],
    ] as const) {
      await tab.evaluate(start(urlOf(1), token, queue));
      await tab.evaluate(`void room.publish('message', { text: '${text}' }).catch(() => {})`);
      await tab.waitForFunction('client.state.status === "waiting"');
    }
    await lost.close();
    await Promise.all(
      [one, other].map((tab) =>
        tab.evaluate(
          `${start(server.url, token, queue)} globalThis.settled = []; client.on('settled', ({ data }) => settled.push(data.text)); client.connect()`,
        ),
      ),
    );
    const settled = await eventually(
      async () => {
        const both = await Promise.all([one, other].map((tab) => tab.evaluate('settled')));
        return both.flat().length > 0 && [...new Set(both.flat())];
        // A browser under load frees a dead tab's lock late; then the next look, 10 s on, finds it.
      },
      { timeoutMs: 20_000 },
    );
    const { entries } = await server.hub.history('lobby:main', { limit: 10 });
    // localStorage of two processes may differ for a moment: then both take it over and are told, and its id acts once.
    expect([settled, entries.map(({ data }) => data)]).toEqual([['left'], [{ text: 'left' }]]);
  });
});

test.each<[string, (page: Page) => Promise<unknown>]>([
  [
    'is deleted by another tab, which need not wait',
    async (page) => {
      const other = await pages.open(page.context());
      await other.evaluate(`new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase('trunkline');
        request.onsuccess = resolve;
        request.onblocked = () => reject(new Error('blocked'));
      })`);
    },
  ],
  [
    'is cleared by the browser',
    async (page) => {
      const devtools = await page.context().newCDPSession(page);
      const { origin } = new URL(page.url());
      await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
    },
  ],
])('what is published after the database %s is stored again', async (_, clear) => {
  await using server = await startServer();
  await using context = await pages.profile();
  const page = await pages.open(context);
  const queue = 'queue: { storage: trunkline.indexedDbQueue() }';
  const publish = (text: string) => page.evaluate(`void room.publish('message', { text: '${text}' }).catch(() => {})`);
  await page.evaluate(start(urlOf(1), await server.token('ann'), queue));
  await publish('lost');
  await eventually(async () => (await page.evaluate(STORED.indexedDbQueue)) === 1);
  await clear(page);
  await eventually(async () => (await page.evaluate(STORED.indexedDbQueue)) === 0);
  await publish('kept');
  await eventually(async () => (await page.evaluate(STORED.indexedDbQueue)) === 1);
});
