import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monitorHeartbeat } from '../src/falcon/monitor-heartbeat.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('asks after 25 s of silence, gives up 10 s later, and any sign of life begins anew', () => {
  const did: string[] = [];
  const { heard, stop } = monitorHeartbeat({ ask: () => did.push('ask'), dead: () => did.push('dead') });
  heard();
  vi.advanceTimersByTime(24_999);
  heard();
  vi.advanceTimersByTime(24_999);
  expect(did).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(did).toEqual(['ask']);
  vi.advanceTimersByTime(9_999);
  heard();
  vi.advanceTimersByTime(25_000);
  expect(did).toEqual(['ask', 'ask']);
  vi.advanceTimersByTime(10_000);
  expect(did).toEqual(['ask', 'ask', 'dead']);
  heard();
  stop();
  vi.advanceTimersByTime(60_000);
  expect(did).toHaveLength(3);
});
