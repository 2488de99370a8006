import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '@trunkline/testkit/browser';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';

export interface Pages extends AsyncDisposable {
  /** Tabs of one profile share storage and locks. */
  profile(): Promise<BrowserContext>;
  /** A tab in which `trunkline` is the SDK. */
  open(context: BrowserContext): Promise<Page>;
  /** From now on the site answers `path` with this. */
  serve(path: string, body: string): void;
}

/** A browser, and a site whose only page has the SDK in it. */
export async function openPages(): Promise<Pages> {
  const files = new Map([['/sdk.js', await bundle(fileURLToPath(new URL('page-entry.ts', import.meta.url)), 'iife')]]);
  const site = createServer((req, res) => {
    const file = files.get(req.url ?? '');
    res.writeHead(200, { 'Content-Type': file === undefined ? 'text/html' : 'text/javascript' });
    res.end(file ?? '<!doctype html><title>app</title><script src="/sdk.js"></script>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  return {
    profile: () => browser.newContext(),
    async open(context) {
      const page = await context.newPage();
      page.setDefaultTimeout(25_000);
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      return page;
    },
    serve: (path, body) => void files.set(path, body),
    async [Symbol.asyncDispose]() {
      await browser.close();
      site.closeAllConnections();
      site.close();
    },
  };
}

/** One script of a TypeScript file and all that it imports; an `iife` is `trunkline` in its page. */
export async function bundle(entry: string, format: 'es' | 'iife'): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@trunkline/source', 'browser', 'import', 'default'] },
    build: {
      write: false,
      lib: { entry, formats: [format], name: 'trunkline' },
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  if (!output || !('output' in output)) throw new Error('vite built nothing');
  return output.output[0].code;
}
