import { createManualClock } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { createLiveness } from '../src/liveness.js';

describe('liveness', () => {
  function start(windowMs = 35_000) {
    const clock = createManualClock();
    const log: string[] = [];
    const liveness = createLiveness(clock, windowMs, {
      probe: () => log.push('probe'),
      dead: () => log.push(`dead ${clock.now() - 1_700_000_000_000}`),
    });
    return { clock, log, liveness };
  }

  test('silence for the whole window is death', async () => {
    const { clock, log } = start();
    await clock.advance(34_999);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(['dead 35000']);
  });

  test('any frame begins the window anew', async () => {
    const { clock, log, liveness } = start();
    for (let n = 0; n < 10; n++) {
      await clock.advance(20_000);
      liveness.heard();
    }
    expect(log).toEqual([]);
  });

  test('a check asks, and an answer is enough', async () => {
    const { clock, log, liveness } = start();
    liveness.check();
    await clock.advance(4_000);
    liveness.heard();
    await clock.advance(20_000);
    expect(log).toEqual(['probe']);
  });

  test('silence is noticed at most 5 s late when the clock was set back', async () => {
    const clock = createManualClock();
    let setBackMs = 0;
    const log: string[] = [];
    createLiveness({ ...clock, now: () => clock.now() - setBackMs }, 35_000, {
      probe: () => log.push('probe'),
      dead: () => log.push('dead'),
    });
    await clock.advance(20_000);
    setBackMs = 300_000;
    await clock.advance(20_000);
    expect(log).toEqual(['dead']);
  });

  test('a check without an answer is death within 5 s', async () => {
    const { clock, log, liveness } = start();
    liveness.check();
    await clock.advance(5_000);
    expect(log).toEqual(['probe', 'dead 5000']);
  });

  test('a timer that fires late (sleep, throttled tab, blocked loop) asks instead of giving up', () => {
    let now = 0;
    const timers: (() => void)[] = [];
    const log: string[] = [];
    const clock = { now: () => now, setTimeout: (run: () => void) => timers.push(run), clearTimeout: () => {} };
    createLiveness(clock, 35_000, { probe: () => log.push('probe'), dead: () => log.push('dead') });
    now = 3_600_000;
    timers.shift()?.();
    expect(log).toEqual(['probe']);
    now += 5_000;
    timers.shift()?.();
    expect(log).toEqual(['probe', 'dead']);
  });
});
