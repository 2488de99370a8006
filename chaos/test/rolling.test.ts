import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { RollingResult } from '../src/rolling.js';

const PROGRAM = fileURLToPath(new URL('../dist/rolling-main.js', import.meta.url));

it('restarts two nodes under 200 clients: nothing lost, nothing twice, everybody back, no rush', {
  timeout: 150_000,
}, async () => {
  // The built program: its workers, unlike this one, know no TypeScript. It ends with 1 where there is a complaint.
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, 'smoke', '--json']);
  const result: RollingResult = JSON.parse(stdout);
  expect(result.complaints).toEqual([]);
  expect(result.back).toBe(200);
  expect(result.restarts.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(result.ledger).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, silentGaps: 0, unknown: 0 });
  expect(result.ledger.acknowledged).toBeGreaterThan(20);
});
