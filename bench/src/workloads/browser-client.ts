import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright-core';
import { gather, tokenOf } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { startServer } from '../measure/server-process.js';
import { bundleClient } from './client-bundle.js';
import type { Size, Workload } from './workload.js';

const ROOM = 'bench:all';
const PUBLISHERS = 4;
const TICK_MS = 10;
const RATES: Readonly<Record<Size, readonly number[]>> = {
  smoke: [500],
  short: [10_000, 20_000, 30_000],
  full: [10_000, 20_000, 30_000, 40_000, 50_000, 60_000],
};
const DURATION_MS: Readonly<Record<Size, number>> = { smoke: 300, short: 1_000, full: 2_000 };
const LONG_TASK_MS = 50;
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
/** What the page runs: it counts events and remembers the longest task the browser complains of. */
const PAGE_SOURCE = `
  import { createClient } from '@trunkline/client';
  const { url, token } = JSON.parse(document.title);
  const seen = window.seen = { events: 0, longestTaskMs: 0, joined: false };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longestTaskMs = Math.max(seen.longestTaskMs, duration);
  }).observe({ type: 'longtask' });
  const client = createClient({ url, token });
  const room = client.room('${ROOM}');
  room.on('message', () => { seen.events += 1; });
  room.join().then(() => { seen.joined = true; });
`;

/** The SDK in Chromium: the most events a second that a page handles without a task above 50 ms. */
export const browserClient: Workload = {
  name: 'browser-client',
  title: 'Client in Chromium without a task above 50 ms',
  metrics: {
    eventsPerSecond: { title: 'events handled/s', unit: '', digits: 0 },
    longestTaskMs: { title: 'longest task', unit: 'ms', digits: 0 },
  },
  goals: [{ metric: 'eventsPerSecond', atLeast: 20_000, aim: 50_000 }],
  contenders: ['trunkline'],
  async open(_contender, size) {
    const server = await startServer('trunkline');
    const { port, pid } = server;
    const publishers = await gather({ server: 'trunkline', port, pid }, { members: PUBLISHERS, roomsOf: () => [ROOM] });
    const bundle = Buffer.from(await bundleClient(PAGE_SOURCE));
    const title = JSON.stringify({ url: `ws://127.0.0.1:${port}/v1/connect`, token: await tokenOf('browser') });
    const site = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? bundle : `<title>${title}</title><script type="module" src="/page.js"></script>`);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: FLAGS.split(' '),
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.waitForFunction('window.seen?.joined');

    const publishAt = async (perSecond: number): Promise<number> => {
      const count = Math.round((perSecond * DURATION_MS[size]) / 1_000);
      const startedAt = performance.now();
      for (let sent = 0; sent < count; ) {
        const due = Math.min(count, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
        for (const [index, publisher] of publishers.clients.entries()) {
          const share = Math.floor((due - sent + index) / PUBLISHERS);
          if (share > 0)
            publisher.sendAll(
              Array.from({ length: share }, () => SPEAKERS.trunkline.publish(ROOM, messageData(64), nextId())),
            );
        }
        sent = due;
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
      return count;
    };
    return {
      async round() {
        let best = { eventsPerSecond: 0, longestTaskMs: 0 };
        for (const rate of RATES[size]) {
          await page.evaluate('Object.assign(window.seen, { events: 0, longestTaskMs: 0 })');
          const startedAt = performance.now();
          const count = await publishAt(rate);
          const arrived = page.waitForFunction(`window.seen.events >= ${count}`, undefined, {
            polling: 20,
            timeout: 10_000,
          });
          const isBehind = await arrived.then(
            () => false,
            () => true,
          );
          if (isBehind && size === 'smoke') throw new Error('Not every event reached the page.');
          const seconds = (performance.now() - startedAt) / 1_000;
          const longestTaskMs = await longestTask(page);
          if (isBehind || longestTaskMs > LONG_TASK_MS) break;
          // Sent faster than the page or this machine takes it, it comes late: what was handled counts, not what was sent.
          const eventsPerSecond = count / seconds;
          if (eventsPerSecond > best.eventsPerSecond) best = { eventsPerSecond, longestTaskMs };
        }
        return best;
      },
      async close() {
        await browser.close();
        site.close();
        publishers.close();
        await server.close();
      },
    };
  },
};

async function longestTask(page: Page): Promise<number> {
  return Number(await page.evaluate('window.seen.longestTaskMs'));
}
