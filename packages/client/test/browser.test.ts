import { fileURLToPath } from 'node:url';
import { startFaultProxy } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, openPages, type Pages } from './support/open-pages.js';
import { start } from './support/start-in-page.js';
import { startServer, urlOf } from './support/start-server.js';

let pages: Pages;

beforeAll(async () => {
  pages = await openPages();
});

afterAll(() => pages[Symbol.asyncDispose]());

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
