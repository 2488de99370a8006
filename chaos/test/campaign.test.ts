import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const NEMESES = [
  'kill a node',
  'cut mid-frame',
  'lost acknowledgements',
  'pub/sub kill',
  'reply swallowed',
  'Redis kill and restart (AOF)',
];

it('finds nothing in a short campaign of two nodes and eight clients', async () => {
  const flags = ['--seconds', '15', '--nodes', '2', '--clients', '8', '--workers', '2', '--only', NEMESES.join(',')];
  const report = await promisify(execFile)(process.execPath, [MAIN, 'smoke', ...flags]).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}\n${stderr}`,
  );
  process.stdout.write(report);
  expect(report).toMatch(/^0 violations in \d{3,} acknowledged publishes/m);
}, 90_000);
