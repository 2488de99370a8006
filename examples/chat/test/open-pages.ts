import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FaultProxy, startFaultProxy } from '@trunkline/testkit';
import { launchChromium } from '@trunkline/testkit/browser';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { type Chat, startChat } from '../server/start-chat.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Person extends AsyncDisposable {
  readonly page: Page;
  /** Between this person's page and the server. */
  readonly proxy: FaultProxy;
  /** Uncaught exceptions and React's complaints. */
  readonly complaints: readonly string[];
}

export interface ChatPages extends AsyncDisposable {
  /** A signed-in person with a profile and a line to the server of their own. */
  open(name: string, options?: BrowserContextOptions): Promise<Person>;
}

/** Builds the page, starts the server, and opens it in Chromium. */
export async function openPages(): Promise<ChatPages> {
  const outDir = await mkdtemp(join(tmpdir(), 'trunkline-chat-'));
  const [chat, browser]: [Chat, Browser, unknown] = await Promise.all([
    startChat(0),
    launchChromium(),
    build({ root: ROOT, logLevel: 'error', build: { outDir } }),
  ]);
  return {
    open: (name, options) => openPerson({ chat, browser, outDir, name, options: options ?? {} }),
    async [Symbol.asyncDispose]() {
      await browser.close();
      await chat[Symbol.asyncDispose]();
    },
  };
}

async function openPerson({
  chat,
  browser,
  outDir,
  name,
  options,
}: {
  readonly chat: Chat;
  readonly browser: Browser;
  readonly outDir: string;
  readonly name: string;
  readonly options: BrowserContextOptions;
}): Promise<Person> {
  const proxy = await startFaultProxy({ targetPort: chat.port });
  const server = await servePage(outDir, proxy.port);
  const context = await browser.newContext({ viewport: { width: 960, height: 640 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(server.resolvedUrls?.local[0] ?? '');
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join the chat' }).click();
  await page.getByText('Connected', { exact: true }).waitFor();
  return {
    page,
    proxy,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close();
      await proxy[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

function servePage(outDir: string, port: number): Promise<PreviewServer> {
  const target = `http://127.0.0.1:${port}`;
  const proxy = { '/session': { target }, '/v1': { target, ws: true } };
  return preview({
    root: ROOT,
    logLevel: 'silent',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0, proxy },
  });
}
