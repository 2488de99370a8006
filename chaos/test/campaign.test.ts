import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SMALL = ['--nodes', '2', '--clients', '8', '--workers', '2'];
const NEMESES = [
  'kill a node',
  'cut mid-frame',
  'lost acknowledgements',
  'clock five minutes off',
  'subscriber silent while commands work',
  'reply swallowed',
  'Redis kill and restart (old RDB)',
];

/** The built program's report: its workers, unlike this one, know no TypeScript. */
async function reportOf(...flags: readonly string[]): Promise<string> {
  const report = await promisify(execFile)(process.execPath, [MAIN, 'smoke', ...SMALL, ...flags]).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}\n${stderr}`,
  );
  process.stdout.write(report);
  return report;
}

it('finds nothing in a short campaign of two nodes and eight clients', { timeout: 90_000 }, async () => {
  const report = await reportOf('--seconds', '20', '--only', NEMESES.join(','));
  expect(report).toMatch(/^0 violations in \d{3,} acknowledged publishes/m);
});

it('finds that a failover which loses acknowledged events is told', { timeout: 120_000 }, async () => {
  const report = await reportOf('--store', 'sentinel', '--seconds', '5', '--only', 'failover to a replica that lags');
  expect(report).toMatch(/^0 violations in \d{2,} acknowledged publishes/m);
  expect(report).toMatch(/reported gaps: rewound \| [1-9]/);
});
