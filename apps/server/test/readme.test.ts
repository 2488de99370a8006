import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { VARIABLES } from '../src/config/environment.js';
import { deriveSecret } from '../src/config/signing-keys.js';
import { fieldsOf, startApi } from './start-api.js';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

it('names every variable, and none that does not exist', () => {
  const table = readme.slice(readme.indexOf('## Variables'), readme.indexOf('## Signals'));
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
  expect(named.sort()).toEqual([...VARIABLES].sort());
});

it('names every path of the API', async () => {
  await using server = await startApi();
  const { paths } = await fieldsOf(await fetch(`${server.url}/openapi.json`));
  for (const path of Object.keys(paths ?? {})) expect(readme).toContain(path.replace(/\{(\w+)\}/g, ':$1'));
});

it('tells how the webhook secret is derived', async () => {
  const { createHmac } = await import('node:crypto');
  expect(readme).toContain('hex HMAC-SHA256 of `trunkline actions` keyed with `JWT_SECRET`');
  expect(deriveSecret('a', 'actions')).toBe(createHmac('sha256', 'a').update('trunkline actions').digest('hex'));
});
