import { TrunklineError } from '@trunkline/protocol';
import type { Clock } from './clock.js';

export interface TokenContext {
  /** `connect`: none is at hand. `expiring`: the current one ends soon. `refused`: the server did not take the last one. */
  readonly reason: 'connect' | 'expiring' | 'refused';
  /** Fires when nobody waits for the token any more. */
  readonly signal: AbortSignal;
}
/** A provider that throws a `TrunklineError` with `retryable: false` stops the client; anything else is tried again. */
export type TokenOption = string | ((context: TokenContext) => string | Promise<string>);

export interface TokenSource {
  /** False for a fixed token. */
  readonly renewable: boolean;
  /** The current token, or a new one; one fetch at a time whoever asks. */
  get(reason: TokenContext['reason']): Promise<string | undefined>;
  /** When the current token ends, local time; it is not given out after that. */
  expires(at: number): void;
  /** Gives up the fetch under way. */
  abandon(): void;
}

/** Too little life left to be worth a try. */
const MARGIN_MS = 2_000;

export function createTokenSource(option: TokenOption | undefined, clock: Clock): TokenSource {
  let current: string | undefined;
  let expiresAt = Number.NEGATIVE_INFINITY;
  let fetching: { readonly token: Promise<string>; readonly controller: AbortController } | undefined;

  async function fetch(
    provider: Exclude<TokenOption, string>,
    reason: TokenContext['reason'],
    controller: AbortController,
  ) {
    const token = await provider({ reason, signal: controller.signal });
    if (typeof token !== 'string' || token === '')
      throw new TypeError('The token provider must give a non-empty string.');
    if (fetching?.controller === controller) {
      current = token;
      expiresAt = Number.NEGATIVE_INFINITY;
      fetching = undefined;
    }
    return token;
  }

  return {
    renewable: typeof option === 'function',
    async get(reason) {
      if (typeof option !== 'function') {
        if (Number.isFinite(expiresAt) && expiresAt <= clock.now()) {
          throw new TrunklineError('token_expired', 'The token has ended; pass a function to renew it.');
        }
        return option;
      }
      if (reason === 'connect' && current !== undefined && expiresAt > clock.now() + MARGIN_MS) return current;
      if (!fetching) {
        const controller = new AbortController();
        fetching = { token: fetch(option, reason, controller), controller };
      }
      const mine = fetching;
      try {
        return await mine.token;
      } finally {
        if (fetching === mine) fetching = undefined;
      }
    },
    expires(at) {
      expiresAt = at;
    },
    abandon() {
      fetching?.controller.abort();
      fetching = undefined;
    },
  };
}
