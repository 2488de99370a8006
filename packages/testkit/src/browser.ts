import { type Browser, chromium, type Page } from 'playwright-core';

/** Nothing that asks the network, a GPU or a user. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface ChromiumOptions {
  /** Leads a host and port, such as `localhost:5000`, to a port of loopback. */
  readonly hosts?: Readonly<Record<string, number>>;
}

/** The machine's Chromium: `CHROMIUM_PATH`, or where Debian puts it. */
export function launchChromium({ hosts = {} }: ChromiumOptions = {}): Promise<Browser> {
  const rules = Object.entries(hosts).map(([host, port]) => `MAP ${host} 127.0.0.1:${port}`);
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: rules.length > 0 ? [...FLAGS, `--host-resolver-rules=${rules.join(',')}`] : FLAGS,
  });
}

export interface TestBrowser extends AsyncDisposable {
  /** A page of its own profile. `complaints` fills with console errors, exceptions and refused loads. */
  open(url: string, options?: { readonly dark?: boolean }): Promise<{ page: Page; complaints: string[] }>;
}

/** A browser whose pages tell what goes wrong in them. */
export async function openBrowser(): Promise<TestBrowser> {
  const browser = await launchChromium();
  return {
    async open(url, { dark = false } = {}) {
      const context = await browser.newContext({
        colorScheme: dark ? 'dark' : 'light',
        viewport: { width: 1440, height: 900 },
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(url);
      return { page, complaints };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
