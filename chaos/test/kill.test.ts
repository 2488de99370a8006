import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { KillResult } from '../src/kill.js';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));

it('kills one of two nodes under a crowd: everybody of it comes back, nothing is lost', {
  timeout: 90_000,
}, async () => {
  const stdout = await promisify(execFile)(process.execPath, [
    PROGRAM,
    'kill',
    '--nodes',
    '2',
    '--clients',
    '60',
    '--json',
  ])
    // It ends with 1 where there is a complaint: so few clients are within 120 ms by design.
    .then(
      ({ stdout }) => stdout,
      (failed: { stdout: string }) => failed.stdout,
    );
  const result: KillResult = JSON.parse(stdout);
  process.stdout.write(`${result.complaints.join('\n')}\n`);
  expect(result.killed).toBeGreaterThan(50);
  expect(result.returned).toBe(result.killed);
  expect(result.ledger).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, silentGaps: 0, findings: [] });
  expect(result.ledger.acknowledged).toBeGreaterThan(20);
});
