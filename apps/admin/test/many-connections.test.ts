import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTokenSigner, spawnServer, startCrowd } from '@trunkline/testkit';
import { openBrowser } from '@trunkline/testkit/browser';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
const SHOTS = process.env.TRUNKLINE_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'trunkline-admin-')));
const SECRET = 'a-secret-of-at-least-32-bytes-for-the-dashboard';
const [CONNECTIONS, SHOWN] = process.env.LONG ? [10_000, '10K'] : [400, '400'];

/** Twice the time for twice the sockets is for the long run. */
const SCHEMES = ['light', 'dark'].slice(0, process.env.LONG ? 2 : 1);

test.each(SCHEMES)(
  'shows, searches and turns pages with very many connections, %s',
  { timeout: 90_000 },
  async (scheme) => {
    const token = createTokenSigner(SECRET);
    await using server = await spawnServer({
      main: MAIN,
      env: {
        JWT_SECRET: SECRET,
        LOG_LEVEL: 'warn',
        MAX_CONNECTIONS_PER_ADDRESS: String(2 * CONNECTIONS),
        NODE_ENV: 'development',
      },
    });
    await using crowd = startCrowd();
    await crowd.open({
      url: server.socketUrl,
      tokens: Array.from({ length: CONNECTIONS }, (_, index) => token(`user-${index}`)),
      rooms: Array.from({ length: CONNECTIONS / 4 }, (_, index) => `lobby:${index}`),
    });
    await using browser = await openBrowser();
    const { page, complaints } = await browser.open(`${server.url}/admin`, { dark: scheme === 'dark' });
    await page.getByText('Token', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill(token('boss', { roles: ['admin'] }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('status').filter({ hasText: '1 node well' }).waitFor();
    complaints.length = 0;
    const figure = page.getByLabel('Connections', { exact: true }).first();
    await expect.poll(() => figure.textContent(), { timeout: 15_000 }).toBe(SHOWN);
    await page.getByRole('region', { name: 'Latency' }).locator('.recharts-surface').first().waitFor();
    await page.screenshot({ path: join(SHOTS, `many-overview-${scheme}.png`), fullPage: true });

    await page.getByRole('tab', { name: 'Connections' }).click();
    const connections = page.getByRole('table', { name: 'Connections' });
    await connections.getByText('user-0', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await connections.getByText('user-0', { exact: true }).waitFor({ state: 'detached' });
    const last = `user-${CONNECTIONS - 1}`;
    const askedAt = performance.now();
    await page.getByRole('textbox', { name: 'User' }).fill(last);
    await connections.getByText(last, { exact: true }).waitFor();
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    await expect.poll(() => connections.getByRole('row').count()).toBe(2);
    await page.screenshot({ path: join(SHOTS, `many-search-${scheme}.png`) });

    await page.getByRole('tab', { name: 'Rooms' }).click();
    await page.getByRole('textbox', { name: 'Room' }).fill(`lobby:${CONNECTIONS / 4 - 1}`);
    await page
      .getByRole('table', { name: 'Rooms' })
      .getByText(`lobby:${CONNECTIONS / 4 - 1}`)
      .waitFor();
    await page.screenshot({ path: join(SHOTS, `many-rooms-${scheme}.png`) });

    await page.getByRole('tab', { name: 'Broadcast' }).click();
    await page.getByRole('button', { name: 'Send to everybody' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).hover();
    await page.screenshot({ path: join(SHOTS, `many-broadcast-${scheme}.png`) });
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByText('Sent system_notification').waitFor();
    expect(complaints).toEqual([]);
  },
);
