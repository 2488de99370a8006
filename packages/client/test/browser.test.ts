import { fileURLToPath } from 'node:url';
import { eventually, startFaultProxy } from '@trunkline/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, openPages, type Pages } from './support/open-pages.js';
import { startServer, urlOf } from './support/start-server.js';

let pages: Pages;
beforeAll(async () => {
  pages = await openPages();
});
afterAll(() => pages[Symbol.asyncDispose]());

/** Makes `client` and `room` in a page; runs there, so it is text. */
const start = (url: string, token: string, more = '') => `
  globalThis.client = trunkline.createClient({ url: ${JSON.stringify(url)}, token: () => ${JSON.stringify(token)}, ${more} });
  globalThis.room = client.room('lobby', 'main');
  globalThis.got = [];
  room.on('message', ({ data }) => got.push(data.text));
  globalThis.errors = [];
  client.on('error', (error) => errors.push(error.message));
`;

test('a link that is cut loses nothing, and "online" ends the wait at once', async () => {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await using context = await pages.profile();
  const page = await pages.open(context);
  await page.evaluate(
    `${start(urlOf(proxy.port), await server.token('bob'), 'backoff: { baseMs: 600_000, capMs: 600_000 }, random: () => 0.9')} room.join()`,
  );
  const publish = (text: string) =>
    server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text }, from: { service: 'test' } });
  await publish('1');
  await page.waitForFunction('got.length === 1');
  await proxy.down();
  proxy.rstAll();
  await publish('2');
  // The first retry is soon and fails; the next one is ten minutes away.
  await page.waitForFunction('client.state.status === "waiting" && client.state.delayMs > 60_000');
  await proxy.up();
  await publish('3');
  await page.evaluate('window.dispatchEvent(new Event("online"))');
  await page.waitForFunction('got.length === 3');
  expect(await page.evaluate('[got, errors]')).toEqual([['1', '2', '3'], []]);
});

test('events that come as batches are shown in order, between join and acks, and in few messages', async () => {
  await using server = await startServer();
  await using context = await pages.profile();
  const page = await pages.open(context);
  // Named by the option, so that the page sees each message before the SDK does.
  const noted = `class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => messages.push(JSON.parse(data)));
    }
  }`;
  await page.evaluate('globalThis.messages = []; globalThis.acks = []');
  await page.evaluate(`${start(server.url, await server.token('bob'), `WebSocket: ${noted}`)} room.join()`);
  const own = page.evaluate(
    'Promise.all(["a", "b", "c"].map((text) => room.publish("message", { text }).then(({ offset }) => acks.push(offset))))',
  );
  const others = Array.from({ length: 300 }, (_, n) =>
    server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: `${n}` } }),
  );
  await Promise.all([own, ...others]);
  await page.waitForFunction('got.length === 303');
  const { entries } = await server.hub.history('lobby:main', { limit: 400 });
  const logged = entries.map(({ data }) => (data as { readonly text: string }).text);
  expect(await page.evaluate('[got, errors]')).toEqual([logged, []]);
  expect(await page.evaluate('acks.length')).toBe(3);
  expect(await page.evaluate('messages.some(Array.isArray)')).toBe(true);
  expect(await page.evaluate('messages.length')).toBeLessThan(60);
});

test('who listens once the join is answered hears what the answer brought along', async () => {
  await using server = await startServer();
  for (const text of ['1', '2', '3']) {
    await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  }
  await using context = await pages.profile();
  const page = await pages.open(context);
  await page.evaluate(start(server.url, await server.token('bob')));
  await page.evaluate(`room.join({ rewind: 3 }).then(() => {
    globalThis.late = [];
    room.on('message', ({ data }) => late.push(data.text));
  })`);
  await page.waitForFunction('got.length === 3');
  expect(await page.evaluate('late')).toEqual(['1', '2', '3']);
});

test('a background tab whose timers stood still for five minutes keeps its connection (socket.io #4040)', async () => {
  await using server = await startServer();
  await using context = await pages.profile();
  const page = await context.newPage();
  await page.clock.install();
  const first = await pages.open(context);
  await page.goto(first.url());
  await page.evaluate(`${start(server.url, await server.token('bob'))} room.join()`);
  const before = await page.evaluate('client.connectionId');
  for (let minute = 0; minute < 5; minute++) await page.clock.fastForward(60_000);
  await server.hub.publish({
    rooms: ['lobby:main'],
    event: 'message',
    data: { text: 'still here' },
    from: { service: 'test' },
  });
  await page.waitForFunction('got.length === 1');
  await page.clock.runFor(6_000);
  expect(await page.evaluate('[client.state.status, client.connectionId]')).toEqual(['open', before]);
});

test('runs in a worker, where there is no page', async () => {
  await using server = await startServer();
  await using context = await pages.profile();
  const page = await pages.open(context);
  const program = `
    importScripts(location.origin + '/sdk.js');
    const client = trunkline.createClient({ url: '${server.url}', token: '${await server.token('ann')}' });
    const room = client.room('lobby', 'main');
    room.on('message', ({ data }) => postMessage([data.text, client.state.status, typeof document]));
    room.join().then(() => room.publish('message', { text: 'from a worker' }));
  `;
  const told = await page.evaluate(
    (text) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(
          URL.createObjectURL(new Blob([text.replace('location.origin', `'${location.origin}'`)])),
        );
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      }),
    program,
  );
  expect(told).toEqual(['from a worker', 'open', 'undefined']);
});

test('tabs share one connection in a SharedWorker, and each hears all and gets its own acks (socket.io #5095)', async () => {
  await using server = await startServer();
  const [worker, program] = await Promise.all([
    bundle(fileURLToPath(new URL('fixtures/readme-shared-worker.ts', import.meta.url)), 'es'),
    bundle(fileURLToPath(new URL('fixtures/readme-tab.ts', import.meta.url)), 'es'),
  ]);
  pages.serve('/worker.js', worker.replace('wss://example.com/v1/connect', server.url));
  pages.serve('/tab.js', program);
  pages.serve('/token', await server.token('ann'));
  await using context = await pages.profile();
  const [tab, other] = await Promise.all([pages.open(context), pages.open(context)]);
  for (const page of [tab, other]) {
    await page.evaluate('globalThis.got = []; globalThis.show = ({ data }) => got.push(data.text)');
    await page.evaluate(`import('/tab.js').then(({ publish }) => { globalThis.publish = publish; })`);
  }
  // The worker waits for a lock of each tab that it knows.
  const tabsKnown = (count: number) =>
    other.waitForFunction(
      `navigator.locks.query().then(({ held, pending }) => held.length === ${count} && pending.length === ${count})`,
    );
  await tabsKnown(2);
  const publish = (page: typeof tab, text: string) =>
    page.evaluate(`publish('${text}').then(({ offset, duplicate }) => [offset, duplicate])`);

  expect(await publish(tab, '1')).toEqual([1, false]);
  expect(await publish(other, '2')).toEqual([2, false]);
  expect(server.hub.status().connections).toBe(1);
  const refused = await tab.evaluate('publish(5).catch(({ name, code }) => [name, code])');
  expect(refused).toEqual(['TrunklineError', 'invalid_data']);
  // What came twice would be here by now: before the refusal, by the same port.
  await other.waitForFunction('got.includes("2")');
  expect(await Promise.all([tab, other].map((page) => page.evaluate('got')))).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);

  await tab.close();
  await tabsKnown(1);
  expect(await publish(other, '3')).toEqual([3, false]);
  await other.waitForFunction('got.includes("3")');
  expect([await other.evaluate('got'), server.hub.status().connections]).toEqual([['1', '2', '3'], 1]);
});

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
