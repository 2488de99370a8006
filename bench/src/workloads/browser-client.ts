import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launchChromium } from '@trunkline/testkit/browser';
import type { Page } from 'playwright-core';
import { createBareSource } from '../load/event-source.js';
import { createHubSource } from '../load/hub-source.js';
import { bundleClient } from './client-bundle.js';
import type { Size, Workload } from './workload.js';

const ROOM = 'bench:all';
const RATES: Readonly<Record<Size, readonly number[]>> = {
  smoke: [500],
  short: [5_000, 10_000, 15_000, 20_000, 30_000],
  full: [5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 60_000],
};
const DURATION_MS: Readonly<Record<Size, number>> = { smoke: 300, short: 1_000, full: 2_000 };
const LONG_TASK_MS = 50;
const IN_TIME = 0.7;
/** A long task is measured by the clock: a machine that gives the page's processor away makes some that are not the page's. */
const TRIES = 3;
/** It counts events and remembers the longest task the browser complains of. */
const COUNT = `
  const seen = window.seen = { events: 0, longestTaskMs: 0, joined: false };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longestTaskMs = Math.max(seen.longestTaskMs, duration);
  }).observe({ type: 'longtask' });
`;
const BATCH = 20;
const BATCHED = `ws x${BATCH}`;
/**
 * What the page runs. `ws` is the floor: a bare WebSocket and JSON.parse, which is what the browser itself takes. The last
 * one shows what the number of messages costs.
 */
const PAGES: Readonly<Record<string, string>> = {
  trunkline: `
    import { createClient } from '@trunkline/client';
    ${COUNT}
    const token = () => fetch('/token').then((response) => response.text());
    const room = createClient({ url: document.title, token }).room('${ROOM}');
    room.on('message', () => { seen.events += 1; });
    room.join().then(() => { seen.joined = true; });
  `,
  ws: `
    ${COUNT}
    const socket = new WebSocket(document.title);
    socket.onopen = () => socket.send('{"type":"hello","id":"1"}');
    socket.onmessage = ({ data }) => {
      const { type } = JSON.parse(data);
      if (type === 'event') seen.events += 1;
      if (type === 'joined') seen.joined = true;
    };
  `,
  [BATCHED]: `
    ${COUNT}
    const socket = new WebSocket(document.title);
    socket.onopen = () => socket.send('{"type":"hello","id":"1"}');
    socket.onmessage = ({ data }) => {
      for (const { type } of [JSON.parse(data)].flat()) {
        if (type === 'event') seen.events += 1;
        if (type === 'joined') seen.joined = true;
      }
    };
  `,
};

type Handled = Readonly<Record<'eventsPerSecond' | 'longestTaskMs' | 'taskMicros', number>>;

/** The SDK in Chromium: the most events a second that a page handles without a task above 50 ms. */
export const browserClient: Workload = {
  name: 'browser-client',
  title: 'Client in Chromium without a task above 50 ms',
  metrics: {
    eventsPerSecond: { title: 'events handled/s', unit: '', digits: 0 },
    longestTaskMs: { title: 'longest task', unit: 'ms', digits: 0 },
    taskMicros: { title: 'main thread/event', unit: 'µs', digits: 1 },
  },
  goals: [{ metric: 'eventsPerSecond', atLeast: 20_000, aim: 50_000 }],
  contenders: Object.keys(PAGES),
  async open(contender, size) {
    const script = Buffer.from(await bundleClient(PAGES[contender] ?? ''));
    const site = createServer((request, response) => {
      if (request.url === '/token') {
        response.end(source.token);
        return;
      }
      const isScript = request.url === '/page.js';
      const title = `ws://127.0.0.1:${(site.address() as AddressInfo).port}${source.path}`;
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : `<title>${title}</title><script type="module" src="/page.js"></script>`);
    });
    const source =
      contender === 'trunkline'
        ? await createHubSource(site, ROOM)
        : createBareSource(site, ROOM, contender === BATCHED ? BATCH : 1);
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const browser = await launchChromium();
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.waitForFunction('window.seen?.joined');
    const taskSeconds = await watchTasks(page);

    /** Undefined: too late, or with a long task. */
    async function handle(rate: number): Promise<Handled | undefined> {
      const count = Math.round((rate * DURATION_MS[size]) / 1_000);
      await page.evaluate('Object.assign(window.seen, { events: 0, longestTaskMs: 0 })');
      const tasksBefore = await taskSeconds();
      const startedAt = performance.now();
      await source.send(count, rate);
      const arrived = page.waitForFunction(`window.seen.events >= ${count}`, undefined, {
        polling: 20,
        timeout: 10_000,
      });
      const isInTime = await arrived.then(
        () => true,
        () => false,
      );
      // Sent faster than the page takes it, it comes late: what was handled counts, not what was sent.
      const eventsPerSecond = count / ((performance.now() - startedAt) / 1_000);
      const longestTaskMs = Number(await page.evaluate('window.seen.longestTaskMs'));
      const taskMicros = (((await taskSeconds()) - tasksBefore) / count) * 1e6;
      return isInTime && longestTaskMs <= LONG_TASK_MS ? { eventsPerSecond, longestTaskMs, taskMicros } : undefined;
    }

    return {
      async round() {
        let best: Handled = { eventsPerSecond: 0, longestTaskMs: 0, taskMicros: 0 };
        for (const rate of RATES[size]) {
          let handled: Handled | undefined;
          for (let tries = 0; tries < TRIES && !handled; tries++) handled = await handle(rate);
          if (!handled && size === 'smoke') throw new Error('Not every event reached the page.');
          if (!handled) break;
          if (handled.eventsPerSecond > best.eventsPerSecond) best = handled;
          // It came late already: what is sent faster only waits longer.
          if (handled.eventsPerSecond < rate * IN_TIME) break;
        }
        return best;
      },
      async close() {
        await browser.close();
        await source.close();
        site.closeAllConnections();
        site.close();
      },
    };
  },
};

/** Processor seconds that the page's main thread has taken so far, for the browser's own work too. */
async function watchTasks(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  };
}
