import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChatPages, openPages, type Person } from './open-pages.js';

const SHOTS = process.env.TRUNKLINE_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'trunkline-chat-shots-')));

let pages: ChatPages;
beforeAll(async () => {
  pages = await openPages();
});
afterAll(() => pages[Symbol.asyncDispose]());

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

const messages = (page: Page) => page.getByRole('list', { name: 'Messages' });
const copies = (page: Page, text: string) => messages(page).getByText(text, { exact: true }).count();

/** Takes the line down under an open page. */
async function goOffline({ page, proxy }: Person): Promise<void> {
  await proxy.down();
  proxy.rstAll();
  await page.getByText('Offline, trying again').waitFor();
}

test('two people chat: presence, typing, messages both ways, and who has seen what', async () => {
  await using ann = await pages.open('ann');
  await using ben = await pages.open('ben', { colorScheme: 'dark' });
  await ann.page.getByRole('list', { name: 'People' }).getByText('ben').waitFor();
  await ben.page.getByRole('textbox', { name: 'Message' }).pressSequentially('Hello');
  await ann.page.getByText('ben is typing…').waitFor();
  await ben.page.keyboard.press('Enter');
  await messages(ann.page).getByText('Hello', { exact: true }).waitFor();
  await ben.page.getByText('Seen by ann').waitFor();
  await say(ann.page, 'Good morning, ben! The parcel for Fifth Street left at nine.');
  await say(ann.page, 'It should be there before lunch.');
  await messages(ben.page).getByText('It should be there before lunch.').waitFor();
  await messages(ann.page).getByRole('listitem').filter({ hasText: 'before lunch' }).getByText('Seen by ben').waitFor();
  await ann.page.screenshot({ path: join(SHOTS, 'chat-light.png') });
  await ben.page.screenshot({ path: join(SHOTS, 'chat-dark.png') });
  await ben.page.close();
  await ann.page.getByRole('list', { name: 'People' }).getByText('ben').waitFor({ state: 'detached' });
  expect([...ann.complaints, ...ben.complaints]).toEqual([]);
});

test('a message written offline arrives once when the line is back', async () => {
  await using ann = await pages.open('ann');
  await using ben = await pages.open('ben');
  await goOffline(ann);
  await say(ann.page, 'from the tunnel');
  await messages(ann.page).getByText('Waiting').waitFor();
  await ann.page.getByText('1 message waits').waitFor();
  await ann.page.screenshot({ path: join(SHOTS, 'chat-offline.png') });
  expect(await copies(ben.page, 'from the tunnel')).toBe(0);
  await ann.proxy.up();
  await messages(ben.page).getByText('from the tunnel').waitFor();
  await messages(ann.page).getByText('Waiting').waitFor({ state: 'detached' });
  expect(await copies(ben.page, 'from the tunnel')).toBe(1);
  expect(await copies(ann.page, 'from the tunnel')).toBe(1);
});

test('a message written offline survives a reload and arrives once', async () => {
  await using ann = await pages.open('ann', { viewport: { width: 390, height: 700 } });
  await using ben = await pages.open('ben');
  await goOffline(ann);
  await say(ann.page, 'before the reload');
  await messages(ann.page).getByText('Waiting').waitFor();
  await ann.page.reload();
  await ann.page.getByText('Offline, trying again').waitFor();
  await messages(ann.page).getByText('before the reload').waitFor();
  await ann.page.getByText('1 message waits').waitFor();
  await ann.page.screenshot({ path: join(SHOTS, 'chat-reloaded-offline.png') });
  await ann.proxy.up();
  await messages(ben.page).getByText('before the reload').waitFor();
  await messages(ann.page).getByText('before the reload').waitFor();
  await say(ben.page, 'got it');
  await messages(ann.page).getByText('got it').waitFor();
  expect(await copies(ben.page, 'before the reload')).toBe(1);
  expect(await copies(ann.page, 'before the reload')).toBe(1);
  await ann.page.screenshot({ path: join(SHOTS, 'chat-narrow.png') });
  expect([...ann.complaints, ...ben.complaints]).toEqual([]);
});
