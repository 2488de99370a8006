import { expect, it } from 'vitest';
import { runRolling } from '../src/rolling.js';

it('restarts two nodes under 200 clients: nothing lost, nothing twice, everybody back, no rush', {
  timeout: 120_000,
}, async () => {
  const result = await runRolling({ nodes: 2, clients: 200, drainWindowMs: 5_000, publishesPerSecond: 20 });
  expect(result.complaints).toEqual([]);
  expect(result.back).toBe(200);
  expect(result.restarts.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(result.ledger).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, silentGaps: 0, unknown: 0 });
  expect(result.ledger.acknowledged).toBeGreaterThan(20);
});
