import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';

const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export interface Pages extends AsyncDisposable {
  /** Tabs of one profile share storage and locks. */
  profile(): Promise<BrowserContext>;
  /** A tab in which `trunkline` is the SDK. */
  open(context: BrowserContext): Promise<Page>;
}

/** A browser, and a site whose only page has the SDK in it. */
export async function openPages(): Promise<Pages> {
  const script = await bundle();
  const site = createServer((req, res) => {
    const isScript = req.url === '/sdk.js';
    res.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
    res.end(isScript ? script : '<!doctype html><title>app</title><script src="/sdk.js"></script>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: FLAGS.split(' '),
  });
  return {
    profile: () => browser.newContext(),
    async open(context) {
      const page = await context.newPage();
      page.setDefaultTimeout(25_000);
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      site.closeAllConnections();
      site.close();
    },
  };
}

async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@trunkline/source', 'browser', 'import', 'default'] },
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('page-entry.ts', import.meta.url)), formats: ['iife'], name: 'trunkline' },
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  if (!output || !('output' in output)) throw new Error('vite built nothing');
  return output.output[0].code;
}
