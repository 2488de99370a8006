import type { WelcomeLimits } from '@trunkline/protocol';
import type { Clock } from './clock.js';

/** Keeps us below the server's rate: the same bucket, a little smaller, as frames arrive closer together than they left. */
export interface Pacer {
  /** A connection begins with a full bucket. */
  reset(limits: Pick<WelcomeLimits, 'messagesPerSecond' | 'burst'>): void;
  /** Takes one; the bucket may go below zero for what can't wait. */
  take(): void;
  /** Milliseconds until one may be sent; 0: now. */
  waitMs(): number;
}

const SHARE = 0.8;

export function createPacer(clock: Clock): Pacer {
  let burst = 1;
  let perMs = 1;
  let level = 0;
  let at = 0;
  function refill(): void {
    const now = clock.now();
    level = Math.min(burst, level + Math.max(0, now - at) * perMs);
    at = now;
  }
  return {
    reset(limits) {
      burst = level = Math.max(1, limits.burst * SHARE);
      perMs = (limits.messagesPerSecond * SHARE) / 1_000;
      at = clock.now();
    },
    take() {
      refill();
      level -= 1;
    },
    waitMs() {
      refill();
      return level >= 1 ? 0 : Math.ceil((1 - level) / perMs);
    },
  };
}
