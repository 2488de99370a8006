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
  /** Gives up the fetch under way. `forget`: the next token may be another user's. */
  abandon(forget?: boolean): void;
}

export function createTokenSource(option: TokenOption | undefined, clock: Clock): TokenSource {
  /** Too little life left to be worth a try. */
  const marginMs = 2_000;
  const provider = typeof option === 'function' ? option : undefined;
  let current = typeof option === 'string' ? option : undefined;
  let expiresAt = provider ? 0 : Infinity;
  let controller = new AbortController();
  let fetching: Promise<void> | undefined;
  /** The last token was refused and there is no other yet, however often its fetch fails. */
  let refused = false;

  async function fetch(ask: Exclude<TokenOption, string>, reason: TokenContext['reason']): Promise<void> {
    const { signal } = controller;
    const token = await ask({ reason, signal });
    if (!token || typeof token !== 'string') throw new TypeError('No token.');
    if (signal.aborted) return;
    current = token;
    refused = false;
    // Until the server has told its end it is good for one connection.
    expiresAt = 0;
  }

  return {
    renewable: provider !== undefined,
    async get(reason) {
      if (!provider) {
        if (expiresAt <= clock.now()) throw new TrunklineError('token_expired', 'Pass a token function.');
      } else {
        refused ||= reason === 'refused';
        if (!refused && reason === 'connect' && expiresAt >= clock.now() + marginMs) return current;
        const mine =
          fetching ??
          fetch(provider, refused ? 'refused' : reason).finally(() => {
            if (fetching === mine) fetching = undefined;
          });
        fetching = mine;
        await mine;
      }
      return current;
    },
    expires(at) {
      expiresAt = at;
    },
    abandon(forget) {
      if (forget && provider) expiresAt = 0;
      controller.abort();
      controller = new AbortController();
      fetching = undefined;
    },
  };
}
