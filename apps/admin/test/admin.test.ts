import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@trunkline/client';
import { eventually, type SpawnedServer, spawnServer } from '@trunkline/testkit';
import { openBrowser, type TestBrowser } from '@trunkline/testkit/browser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
const SHOTS = process.env.TRUNKLINE_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'trunkline-admin-')));
const CLIENTS = 60;
/** A browser that draws charts on a busy machine takes its time. */
const PATIENT = { timeout: 90_000 };

let server: SpawnedServer;
let browser: TestBrowser;
let adminToken: string;
beforeAll(async () => {
  [server, browser] = await Promise.all([
    spawnServer({
      main: MAIN,
      env: { NODE_ENV: 'development', LOG_LEVEL: 'warn', MAX_CONNECTIONS_PER_USER: '1000' },
    }),
    openBrowser(),
  ]);
  // It is ready a moment before it says so.
  adminToken = await eventually(() => /Admin token: (\S+)\n/.exec(server.output())?.[1]);
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** People to look at: all in one lobby, each in one of its own. */
async function openCrowd() {
  const { access_token: token } = (await (await fetch(`${server.url}/test-token`)).json()) as { access_token: string };
  const clients = Array.from({ length: CLIENTS }, () => createClient({ url: server.socketUrl, token, WebSocket }));
  await Promise.all(
    clients.flatMap((client, index) => [
      client.room('lobby:main').join(),
      client.room(`lobby:side-${String(index).padStart(2, '0')}`).join(),
    ]),
  );
  return {
    publish: (text: string) => clients[0]?.room('lobby:main').publish('message', { text }),
    states: () => clients.map((client) => client.explain().state.status),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

async function signIn(page: Page, token = adminToken): Promise<void> {
  await page.getByText('Token', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Token' }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('status').filter({ hasText: '1 node well' }).waitFor();
}

test('lets nobody in without role admin, and says so', async () => {
  const { page } = await browser.open(`${server.url}/admin`);
  await page.getByRole('textbox', { name: 'Name or phone number' }).fill('user');
  await page.getByRole('textbox', { name: 'Password' }).fill('password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'This needs the role admin.' }).waitFor();
  await page.screenshot({ path: join(SHOTS, 'sign-in-light.png') });
});

test(
  'shows figures, nodes, connections, and a room as it happens; disconnects and broadcasts after a question',
  PATIENT,
  async () => {
    await using crowd = await openCrowd();
    const { page, complaints } = await browser.open(`${server.url}/admin`);
    await signIn(page);
    expect(await page.evaluate(() => document.cookie)).toBe('');
    // What the page asks before it is signed in is refused, and the browser notes that.
    expect(complaints.every((complaint) => complaint.includes('401'))).toBe(true);
    complaints.length = 0;

    await expect
      .poll(() => page.getByLabel('Connections', { exact: true }).first().textContent())
      .toBe(String(CLIENTS));
    await page.getByRole('table', { name: 'Nodes' }).getByText('ok', { exact: true }).waitFor();
    for (let n = 1; n <= 20; n++) await crowd.publish(`message ${n}`);
    await page.getByRole('region', { name: 'Latency' }).locator('.recharts-surface').first().waitFor();
    await page.screenshot({ path: join(SHOTS, 'overview-light.png'), fullPage: true });

    await page.getByRole('tab', { name: 'Rooms' }).click();
    const rooms = page.getByRole('table', { name: 'Rooms' });
    await rooms.getByText('lobby:side-00').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await rooms.getByText('lobby:side-55').waitFor();
    await page.getByRole('textbox', { name: 'Room' }).fill('lobby:m');
    await rooms.getByText('lobby:side-55').waitFor({ state: 'detached' });
    await rooms.getByRole('button', { name: 'lobby:main' }).click();
    const events = page.getByRole('table', { name: 'Events' });
    await events.getByText('{"text":"message 20"}').waitFor();
    await crowd.publish('while somebody looks');
    await events.getByText('{"text":"while somebody looks"}').waitFor();
    await page.getByText(/Position .* : 21$/).waitFor();
    await page.getByText('Present: 2').waitFor();
    await page.screenshot({ path: join(SHOTS, 'room-light.png') });

    await page.getByRole('tab', { name: 'Broadcast' }).click();
    await page.getByRole('button', { name: 'Send to everybody' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Send to everybody' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByText('Sent system_notification').waitFor();

    await page.getByRole('tab', { name: 'Connections' }).click();
    await page.getByRole('table', { name: 'Connections' }).getByText('test-user').first().waitFor();
    await page.getByRole('button', { name: 'Disconnect test-user' }).first().click();
    await page.getByRole('dialog').getByText('Disconnect test-user?').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).hover();
    await page.screenshot({ path: join(SHOTS, 'disconnect-light.png') });
    expect(crowd.states()).toContain('open');
    await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
    await expect.poll(() => new Set(crowd.states())).toEqual(new Set(['closed']));
    await page.getByText('Nobody is connected.').waitFor();
    expect(complaints).toEqual([]);
  },
);

test('fits a narrow screen, and says in its badge that the server is gone', PATIENT, async () => {
  await using own = await spawnServer({ main: MAIN, env: { NODE_ENV: 'development', LOG_LEVEL: 'warn' } });
  const token = await eventually(() => /Admin token: (\S+)\n/.exec(own.output())?.[1]);
  const { page } = await browser.open(`${own.url}/admin/`);
  await signIn(page, token);
  const badge = page.getByRole('status').first();
  for (const width of [360, 320]) {
    await page.setViewportSize({ width, height: 740 });
    await page.screenshot({ path: join(SHOTS, `narrow-${width}.png`) });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    // The text is not cut.
    expect(await badge.locator('span').evaluate((text) => text.scrollWidth - text.clientWidth)).toBe(0);
  }
  await own.kill();
  await page.getByRole('alert').filter({ hasText: 'These figures are old' }).waitFor();
  await page.screenshot({ path: join(SHOTS, 'narrow-old.png') });
  expect(await badge.textContent()).toBe('Figures are old');
});

test('is readable in the dark, and out of reach after signing out', PATIENT, async () => {
  await using crowd = await openCrowd();
  await crowd.publish('in the dark');
  const { page } = await browser.open(`${server.url}/admin/`, { dark: true });
  await signIn(page);
  await page.getByRole('region', { name: 'Latency' }).locator('.recharts-surface').first().waitFor();
  await page.screenshot({ path: join(SHOTS, 'overview-dark.png'), fullPage: true });
  await page.getByRole('tab', { name: 'Connections' }).click();
  await page.getByRole('table', { name: 'Connections' }).getByText('test-user').first().waitFor();
  await page.screenshot({ path: join(SHOTS, 'connections-dark.png') });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('turns one page at a time, and opens with an address that is cut off', PATIENT, async () => {
  await using _ = await openCrowd();
  const { page, complaints } = await browser.open(`${server.url}/admin/#rooms`);
  await signIn(page);
  complaints.length = 0;
  await page.getByRole('table', { name: 'Rooms' }).getByText('lobby:side-00').waitFor();
  let turn = () => {};
  const turned = new Promise<void>((resolve) => {
    turn = resolve;
  });
  await page.route('**/admin/api/rooms?*cursor=*', async (route) => {
    await turned;
    await route.continue();
  });
  const next = page.getByRole('button', { name: 'Next' });
  await next.click();
  // Before the page has come, as a double click does.
  await next.click({ force: true });
  turn();
  await page.getByRole('table', { name: 'Rooms' }).getByText('lobby:side-55').waitFor();
  await page.getByText('Page 2', { exact: true }).waitFor();

  await page.goto(`${server.url}/admin/#rooms/lobby%3`);
  await page.reload();
  await page.getByRole('button', { name: 'Back to rooms' }).click();
  await page.getByRole('table', { name: 'Rooms' }).getByText('lobby:side-00').waitFor();
  expect(complaints).toEqual([]);
});
