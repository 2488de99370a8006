import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type SpawnedServer, spawnServer } from '@trunkline/testkit';
import { openBrowser, type TestBrowser } from '@trunkline/testkit/browser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
const SHOTS = process.env.TRUNKLINE_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'trunkline-playground-')));

let server: SpawnedServer;
let browser: TestBrowser;
beforeAll(async () => {
  [server, browser] = await Promise.all([
    spawnServer({ main: MAIN, env: { NODE_ENV: 'development', LOG_LEVEL: 'warn' } }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function connect(page: Page): Promise<void> {
  await expect.poll(() => page.getByRole('textbox', { name: 'Token' }).inputValue()).toMatch(/^ey/);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('status').filter({ hasText: 'open' }).waitFor();
}

async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByText('Account', { exact: true }).click();
  await page.getByLabel('Name or phone number').fill(name);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('status').filter({ hasText: 'open' }).waitFor();
}

async function joinRoom(page: Page, room: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Room' }).fill(room);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

test('two people meet in a room: message, presence, typing, history, and no error in the console', async () => {
  const ann = await browser.open(server.url);
  const ben = await browser.open(server.url, { dark: true });
  await connect(ann.page);
  await signIn(ben.page, 'user', 'password');
  for (const { page } of [ann, ben]) {
    await joinRoom(page, 'lobby:main');
    await page.getByRole('log', { name: 'Events' }).getByText('Joined at offset').waitFor();
  }
  await ann.page.getByRole('list', { name: 'Present' }).getByText('user', { exact: true }).waitFor();

  await ann.page.getByRole('textbox', { name: 'text' }).fill('hello from ann');
  await ben.page.getByText('test-user is typing').waitFor();
  await ann.page.keyboard.press('Enter');
  await ann.page.getByText('The log holds it at offset 1.').waitFor();
  await ben.page.getByRole('log', { name: 'Events' }).getByText('hello from ann').waitFor();
  await ben.page.getByRole('region', { name: 'Frames' }).getByText('event', { exact: false }).first().waitFor();

  await ann.page.screenshot({ path: join(SHOTS, 'room-light.png') });
  await ben.page.screenshot({ path: join(SHOTS, 'room-dark.png') });

  await ann.page.getByRole('button', { name: 'Leave lobby:main' }).click();
  await ben.page.getByText('Present: 1').waitFor();
  await joinRoom(ann.page, 'lobby:main');
  await ann.page.getByRole('button', { name: 'Load history' }).click();
  await ann.page.getByRole('log', { name: 'Events' }).getByText('hello from ann').waitFor();
  expect([...ann.complaints, ...ben.complaints]).toEqual([]);
});

test('shows the field that the server refuses, and resumes after a dropped socket', async () => {
  const { page, complaints } = await browser.open(server.url, { dark: true });
  await connect(page);
  await joinRoom(page, 'lobby:side');
  await page.getByRole('log', { name: 'Events' }).getByText('Joined at offset').waitFor();
  await page.getByText('JSON', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Data (JSON)' }).fill('{"text": 5}');
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('The server refused data.text').waitFor();

  await page.getByRole('button', { name: 'Drop the socket and resume' }).click();
  await page.getByRole('tab', { name: 'Explain' }).click();
  await page.getByRole('table', { name: 'Timeline' }).getByText('waiting').first().waitFor();
  await page.getByRole('status').filter({ hasText: 'open' }).waitFor();
  await page.screenshot({ path: join(SHOTS, 'explain-dark.png') });
  expect(complaints).toEqual([]);
});

test('asks for an action in both wire formats and shows the errors it provokes', async () => {
  const { page, complaints } = await browser.open(server.url);
  await connect(page);
  await page.getByRole('tab', { name: 'Actions' }).click();
  const answers = page.getByRole('log', { name: 'Answers' });
  await page.getByRole('textbox', { name: 'Data (JSON)' }).fill('{"greeting":"hi"}');
  await page.getByRole('button', { name: 'Send request' }).click();
  await answers.getByText('response', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Unknown action' }).click();
  await answers.getByText('unknown_action').waitFor();
  await page.getByRole('button', { name: 'Wrong input' }).click();
  await answers.getByText('invalid_data').waitFor();
  await page.screenshot({ path: join(SHOTS, 'actions-light.png') });

  await page.getByText('Socket.IO at /realtime').click();
  await page.getByRole('tabpanel').getByRole('button', { name: 'Connect', exact: true }).click();
  await answers.getByText('connected as').waitFor();
  await page.getByRole('textbox', { name: 'Data (JSON)' }).fill('{"greeting":"hi"}');
  await page.getByRole('button', { name: 'Send request' }).click();
  await answers.getByText('"RESPONSE"').waitFor();
  await page.getByRole('button', { name: 'Not JSON' }).click();
  await answers.getByText('"ERROR"').waitFor();
  await page.getByRole('button', { name: 'Bad token' }).click();
  await answers.getByText('"code"').last().waitFor();
  await page.screenshot({ path: join(SHOTS, 'realtime-light.png') });
  expect(complaints).toEqual([]);
});

test('comes back with a fresh token and sends what waited, when a server with a random key was killed', async () => {
  const env = { NODE_ENV: 'development', LOG_LEVEL: 'warn' };
  await using first = await spawnServer({ main: MAIN, env });
  const { page } = await browser.open(first.url);
  await connect(page);
  await joinRoom(page, 'lobby:main');
  const events = page.getByRole('log', { name: 'Events' });
  await events.getByText('Joined at offset').waitFor();
  await first.kill();
  await page.getByRole('status').filter({ hasText: 'waiting' }).waitFor();
  await page.getByRole('textbox', { name: 'text' }).fill('while it was away');
  await page.keyboard.press('Enter');

  await using second = await spawnServer({ main: MAIN, env: { ...env, PORT: String(first.port) } });
  await page.getByRole('status').filter({ hasText: 'open' }).waitFor();
  await events.getByText('while it was away').waitFor();
  expect(second.port).toBe(first.port);
});

test('refuses a room without a kind, and offers no guests where the contract has no room for them', async () => {
  const { page, complaints } = await browser.open(server.url);
  await connect(page);
  await joinRoom(page, 'x');
  await page.getByText('Name it kind:id, such as lobby:main.').waitFor();
  expect(await page.getByRole('button', { name: /^Leave/ }).count()).toBe(0);
  expect(await page.getByText('guest').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test.each([320, 390])('fits a screen of %i pixels', async (width) => {
  const { page } = await browser.open(server.url);
  await connect(page);
  await joinRoom(page, 'lobby:narrow');
  await page.setViewportSize({ width, height: 700 });
  for (const tab of ['Room', 'Actions', 'Explain', 'Frames']) {
    await page.getByRole('tab', { name: tab, exact: true }).click();
    await page.screenshot({ path: join(SHOTS, `narrow-${width}-${tab}.png`) });
    expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBe(width);
  }
  for (const part of [
    page.getByRole('button', { name: 'Use dark colours' }),
    page.getByRole('status', { name: 'Connection state' }),
  ]) {
    const box = await part.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? width)).toBeLessThanOrEqual(width);
  }
});

test("the forms are those of the operator's contract", async () => {
  const contract = fileURLToPath(new URL('./garage-contract.mjs', import.meta.url));
  await using own = await spawnServer({
    main: MAIN,
    env: { CONTRACT_FILE: contract, NODE_ENV: 'development', LOG_LEVEL: 'warn' },
  });
  const { page, complaints } = await browser.open(own.url);
  await connect(page);
  await joinRoom(page, 'garage:one');
  await page.getByRole('textbox', { name: 'text' }).fill('a form for a kind of our own');
  await page.keyboard.press('Enter');
  await page.getByText('The log holds it at offset 1.').waitFor();
  expect(complaints).toEqual([]);
});
