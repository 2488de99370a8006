import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { RollingResult } from '../src/rolling.js';

const PROGRAM = fileURLToPath(new URL('../dist/rolling-main.js', import.meta.url));

it('restarts two nodes under 200 clients: nothing lost, nothing twice, everybody back', {
  timeout: 150_000,
}, async () => {
  // The built program: its workers, unlike this one, know no TypeScript. It ends with 1 where there is a complaint.
  const stdout = await promisify(execFile)(process.execPath, [PROGRAM, 'smoke', '--json']).then(
    (ended) => ended.stdout,
    (failed: { stdout: string }) => failed.stdout,
  );
  const result: RollingResult = JSON.parse(stdout);
  for (const { peakShare } of result.restarts)
    process.stdout.write(`fullest 100 ms: ${(peakShare * 100).toFixed(1)} %\n`);
  // How a rush is spread is a matter of time, which a busy machine has not: `npm run rolling` judges it.
  expect(result.complaints.filter((complaint) => !complaint.includes('within 100 ms'))).toEqual([]);
  expect(result.back).toBe(200);
  expect(result.restarts.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(result.ledger).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, silentGaps: 0, unknown: 0 });
  expect(result.ledger.acknowledged).toBeGreaterThan(20);
});
