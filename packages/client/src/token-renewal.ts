import { type RefreshResult, TrunklineError, type WelcomeFrame } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { after } from './clock.js';
import type { Wire } from './exchange.js';
import type { ResolvedOptions } from './options.js';
import type { TokenSource } from './token-source.js';

export interface TokenRenewalParts {
  readonly options: Pick<ResolvedOptions, 'backoff' | 'clock' | 'random'>;
  readonly tokens: TokenSource;
  readonly wire: Wire;
  readonly failed: (error: unknown) => void;
}

/** Puts a new token in the place of the old one on the open connection, ahead of its end by the server's clock. */
export interface TokenRenewal {
  opened(welcome: Pick<WelcomeFrame, 'expiresAt' | 'serverTime'>): void;
  /** The server says that it is time. */
  expiring(): void;
  /** The connection is gone. */
  dropped(): void;
}

/** At 80 % of its life, never later than 30 s before its end (half its life, for a very short one). */
export function renewAfterMs(lifeMs: number, random: number): number {
  const latestMs = 30_000;
  return Math.max(Math.min(lifeMs * 0.8, lifeMs - latestMs), lifeMs / 2) * (1 - random * 0.1);
}

export function createTokenRenewal({ options, tokens, wire, failed }: TokenRenewalParts): TokenRenewal {
  const { clock, random, backoff } = options;
  let cancel = () => {};
  let generation = 0;
  let busy = false;
  let failures = 0;
  let reason: 'expiring' | 'refused' = 'expiring';
  /** Server time minus ours. */
  let aheadMs = 0;

  function schedule(expiresAt: number | null): void {
    cancel();
    busy = false;
    failures = 0;
    reason = 'expiring';
    tokens.expires((expiresAt ?? Infinity) - aheadMs);
    if (expiresAt !== null && tokens.renewable)
      cancel = after(clock, renewAfterMs(expiresAt - aheadMs - clock.now(), random()), renew);
  }
  function again(error: unknown): void {
    busy = false;
    failed(error);
    cancel = after(clock, backoffMs(backoff, failures++, random()), renew);
  }
  async function renew(): Promise<void> {
    if (busy) return;
    busy = true;
    cancel();
    const mine = generation;
    try {
      const token = await tokens.get(reason);
      if (mine !== generation) return;
      wire.ask({ type: 'refresh', token: token ?? '' }, (answer) => {
        if (answer?.type === 'response') schedule((answer.data as RefreshResult).expiresAt);
        else if (answer?.type === 'error') {
          reason = 'refused';
          again(TrunklineError.from(answer));
        }
      });
    } catch (error) {
      if (mine === generation) again(error);
    }
  }
  return {
    opened({ expiresAt, serverTime }) {
      generation++;
      aheadMs = serverTime - clock.now();
      schedule(expiresAt);
    },
    expiring() {
      if (tokens.renewable) void renew();
      else failed(new TrunklineError('token_expired'));
    },
    dropped() {
      generation++;
      cancel();
    },
  };
}
