import type { WelcomeLimits } from '@trunkline/protocol';
import { type Clock, steady } from './clock.js';

/** Keeps us below the server's rate: the same bucket, a little smaller, as frames arrive closer together than they left. */
export interface Pacer {
  /** A connection begins with a full bucket. */
  opened(welcome: { readonly limits: Pick<WelcomeLimits, 'messagesPerSecond' | 'burst'> }): void;
  /** Takes one; the bucket may go below zero for what can't wait. */
  take(): void;
  /** Milliseconds until one may be sent; 0: now. */
  waitMs(): number;
}

export function createPacer(clock: Clock): Pacer {
  const share = 0.8;
  const now = steady(clock);
  let intervalMs = 0;
  let slackMs = 0;
  /** When the bucket will be full again. */
  let fullAt = 0;
  return {
    opened({ limits: { messagesPerSecond, burst } }) {
      intervalMs = 1_000 / (messagesPerSecond * share);
      slackMs = (burst * share - 1) * intervalMs;
      fullAt = 0;
    },
    take() {
      fullAt = Math.max(fullAt, now()) + intervalMs;
    },
    waitMs: () => Math.max(0, Math.ceil(fullAt - slackMs - now())),
  };
}
