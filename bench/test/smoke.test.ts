import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { WORKLOADS } from '../src/workloads/index.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

it('runs every workload small, and every message of each arrives', { timeout: 300_000 }, async () => {
  // A workload whose messages do not all arrive ends the run with an error; nothing here is about time.
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'smoke', '--json'], { maxBuffer: 2 ** 24 });
  const { results, machine } = JSON.parse(stdout);
  expect(results.map(({ name }: { name: string }) => name)).toEqual(WORKLOADS.map(({ name }) => name));
  for (const { name, figures } of results) {
    for (const [metric, { median }] of Object.entries<{ median: number }>(figures.trunkline)) {
      expect(Number.isFinite(median), `${name} ${metric}`).toBe(true);
    }
  }
  expect(machine.versions).toMatchObject({ ws: expect.any(String), 'socket.io': expect.any(String) });
});
