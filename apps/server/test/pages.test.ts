import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startApi } from './start-api.js';
import { temporaryDirectory } from './temporary-directory.js';

it('serves the playground at /, never kept, and its assets, kept for ever', async () => {
  await using directory = await temporaryDirectory();
  await directory.write('index.html', '<!doctype html><title>Playground</title>');
  await mkdir(join(directory.path, 'assets'));
  await writeFile(join(directory.path, 'assets', 'main-1a2b.js'), 'export {};');
  await using server = await startApi({ context: { pagesDirectory: directory.path } });
  const page = await fetch(`${server.url}/`);
  expect(await page.text()).toContain('Playground');
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const asset = await fetch(`${server.url}/assets/main-1a2b.js`);
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect((await fetch(`${server.url}/../package.json`)).status).toBe(404);
  expect((await fetch(`${server.url}/%2e%2e/package.json`)).status).toBe(404);
});

it('says where to look when there is no page', async () => {
  await using server = await startApi();
  const answer = await fetch(`${server.url}/`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ code: 'not_found', detail: expect.stringContaining('/openapi.json') });
});
