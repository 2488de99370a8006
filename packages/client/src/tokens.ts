import { type RefreshResult, TrunklineError, type WelcomeFrame } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { after } from './clock.js';
import type { Wire } from './exchange.js';
import type { ResolvedOptions } from './options.js';
import { fault } from './outbox-item.js';

export interface TokenContext {
  /** `connect`: none is at hand. `expiring`: the current one ends soon. `refused`: the server did not take the last one. */
  readonly reason: 'connect' | 'expiring' | 'refused';
  /** Fires when nobody waits for the token any more. */
  readonly signal: AbortSignal;
}
/** A provider that throws a `TrunklineError` with `retryable: false` stops the client; anything else is tried again. */
export type TokenOption = string | ((context: TokenContext) => string | Promise<string>);

export interface TokensParts {
  readonly options: Pick<ResolvedOptions, 'backoff' | 'clock' | 'random' | 'token' | 'tokenTimeoutMs'>;
  readonly wire: Pick<Wire, 'ask'>;
  readonly failed: (error: unknown) => void;
}

/** The token at hand. On an open connection a new one takes its place, ahead of its end by the server's clock. */
export interface Tokens {
  /** False for a fixed token. */
  readonly renewable: boolean;
  /** The current token, or a new one; one fetch at a time whoever asks. */
  get(reason: TokenContext['reason']): Promise<string | undefined>;
  opened(welcome: Pick<WelcomeFrame, 'expiresAt' | 'serverTime'>): void;
  /** The server says that it is time. */
  expiring(): void;
  /** The connection is gone: gives up the fetch under way. `forget`: the next token may be another user's. */
  abandon(forget?: boolean): void;
}

/** At 80 % of its life, never later than 30 s before its end (half its life, for a very short one). */
export function renewAfterMs(lifeMs: number, random: number): number {
  const latestMs = 30_000;
  return Math.max(Math.min(lifeMs * 0.8, lifeMs - latestMs), lifeMs / 2) * (1 - random * 0.1);
}

export function createTokens({ options, wire, failed }: TokensParts): Tokens {
  /** Too little life left to be worth a try. */
  const marginMs = 2_000;
  /** Of what a hello may carry (PROTOCOL.md): the error page of a proxy is no token, and sending one would be the end. */
  const longest = 16_384;
  const { backoff, clock, random, token: option, tokenTimeoutMs } = options;
  const provider = typeof option === 'function' ? option : undefined;
  let current = typeof option === 'string' && option ? option : undefined;
  /** When the current token ends, local time; it is not given out after that. */
  let expiresAt = provider ? 0 : Infinity;
  let controller = new AbortController();
  let fetching: Promise<void> | undefined;
  /** The last token was refused and there is no other yet, however often its fetch fails. */
  let refused = false;
  let renewing = false;
  let failures = 0;
  let cancel = () => {};
  /** Server time minus ours. */
  let aheadMs = 0;

  async function fetch(ask: Exclude<TokenOption, string>, context: TokenContext): Promise<void> {
    const token = await ask(context);
    if (!token || typeof token !== 'string' || token.length > longest) throw new TypeError('No token.');
    if (context.signal.aborted) return;
    current = token;
    refused = false;
    // Until the server has told its end it is good for one connection.
    expiresAt = 0;
  }

  async function get(reason: TokenContext['reason']): Promise<string | undefined> {
    const { signal } = controller;
    refused ||= reason === 'refused';
    if (!provider) {
      if (clock.now() >= expiresAt) throw fault('token_expired');
    } else if (refused || reason !== 'connect' || expiresAt < clock.now() + marginMs) {
      fetching ??= fetch(provider, { reason: refused ? 'refused' : reason, signal }).finally(() => {
        if (!signal.aborted) fetching = undefined;
      });
      await fetching;
    }
    return current;
  }

  function abandon(forget?: boolean): void {
    if (forget && provider) expiresAt = 0;
    cancel();
    controller.abort();
    controller = new AbortController();
    fetching = undefined;
  }

  function schedule(end: number | null): void {
    cancel();
    renewing = false;
    failures = 0;
    expiresAt = (end ?? Infinity) - aheadMs;
    if (end !== null && provider) cancel = after(clock, renewAfterMs(expiresAt - clock.now(), random()), renew);
  }
  function again(error: unknown): void {
    cancel();
    renewing = false;
    failed(error);
    cancel = after(clock, backoffMs(backoff, failures++, random()), renew);
  }
  async function renew(): Promise<void> {
    if (renewing) return;
    renewing = true;
    cancel();
    const { signal } = controller;
    cancel = after(clock, tokenTimeoutMs, () => {
      abandon();
      again(fault('timeout'));
    });
    try {
      const token = await get('expiring');
      if (signal.aborted) return;
      cancel();
      wire.ask({ type: 'refresh', token: token ?? '' }, (answer) => {
        if (answer?.type === 'response') schedule((answer.data as RefreshResult).expiresAt);
        else if (answer?.type === 'error') {
          refused = true;
          again(TrunklineError.from(answer));
        }
      });
    } catch (error) {
      if (!signal.aborted) again(error);
    }
  }

  return {
    renewable: !!provider,
    get,
    opened(welcome) {
      aheadMs = welcome.serverTime - clock.now();
      schedule(welcome.expiresAt);
    },
    expiring() {
      if (provider) void renew();
      else failed(fault('token_expired'));
    },
    abandon,
  };
}
