import type { CloseCodeRule } from '@trunkline/protocol';
import { type BackoffOptions, backoffMs } from './backoff.js';

/** Why a connection ended or was not made. */
export interface Cause {
  /** A WebSocket close code; 1006 when the peer gave none. */
  readonly code: number;
  readonly reason: string;
  /** What `token`, `url` or the WebSocket class threw. */
  readonly error?: unknown;
}

/** What went wrong lately; decides what the next try does. */
interface Trouble {
  /** Tries in a row that led to no stable connection. */
  readonly failures: number;
  /** Refusals of the token in a row. */
  readonly refusals: number;
  /** Ends before the socket opened, in a row: a browser hides a 401 behind them. */
  readonly opaque: number;
  /** True: the next try begins with a new token. */
  readonly newToken: boolean;
}

/** Where the connection is. `status` narrows it; README.md draws it. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | ({ readonly status: 'connecting' } & Trouble)
  | ({ readonly status: 'authenticating' } & Trouble)
  | ({
      readonly status: 'open';
      readonly connectionId: string;
      readonly userId: string;
      readonly leaving: boolean;
    } & Trouble)
  | ({ readonly status: 'waiting'; readonly cause: Cause; readonly delayMs: number } & Trouble)
  | { readonly status: 'closed'; readonly cause: Cause };

export type Status = ConnectionState['status'];

/** What can happen to a connection. */
export type ConnectionInput =
  | { readonly type: 'connect' | 'retry' | 'opened' | 'stable' | 'leaving' }
  | { readonly type: 'welcomed'; readonly connectionId: string; readonly userId: string }
  | {
      readonly type: 'lost';
      readonly cause: Cause;
      readonly final?: boolean;
      /** True: the application let it go, to connect anew. */
      readonly wanted?: boolean;
      readonly random?: number;
      readonly minDelayMs?: number;
    };

export interface ReconnectRules extends BackoffOptions {
  /** The first retry after a stable connection is uniform over this; the server tells it. */
  readonly spreadMs: number;
  /** False: a refused token is final, as there is no way to another one. */
  readonly renewable: boolean;
  /** Tries before giving up. @default Infinity */
  readonly maxAttempts: number;
}

const CALM: Trouble = { failures: 0, refusals: 0, opaque: 0, newToken: false };

/** The whole life of a connection. An input that means nothing in a state gives the same state back. */
export function transition(state: ConnectionState, input: ConnectionInput, rules: ReconnectRules): ConnectionState {
  const { status } = state;
  switch (input.type) {
    case 'connect':
      if (status === 'idle' || status === 'closed') return { ...CALM, status: 'connecting' };
      return transition(state, { type: 'retry' }, rules);
    case 'retry':
      return status === 'waiting' ? { ...state, status: 'connecting' } : state;
    case 'opened':
      return status === 'connecting' ? { ...state, status: 'authenticating' } : state;
    case 'welcomed':
      return status === 'authenticating'
        ? {
            ...CALM,
            status: 'open',
            connectionId: input.connectionId,
            userId: input.userId,
            leaving: false,
            failures: state.failures,
          }
        : state;
    case 'stable':
      return status === 'open' ? { ...state, failures: 0 } : state;
    case 'leaving':
      return status === 'open' ? { ...state, leaving: true } : state;
    case 'lost':
      return lose(state, input, rules);
  }
}

function lose(
  state: ConnectionState,
  input: ConnectionInput & { type: 'lost' },
  rules: ReconnectRules,
): ConnectionState {
  /** What every runtime makes of a connection that ended without a close frame. */
  const noCode = 1006;
  const { status } = state;
  const { cause, random = 0, final, wanted, minDelayMs = 0 } = input;
  if (status === 'closed') return state;
  if (final) return { status: 'closed', cause };
  if (status === 'idle' || status === 'waiting') return state;
  const { code } = cause;
  const { reconnect, newToken } = closeRule(code);
  const failures = state.failures + Number(!wanted);
  if (reconnect === 'never' || failures >= rules.maxAttempts || (isRefusal(code) && !rules.renewable)) {
    return { status: 'closed', cause };
  }
  const refusals = state.refusals + Number(newToken);
  const opaque = status === 'connecting' && code === noCode ? state.opaque + 1 : 0;
  const dropped = status === 'open' && failures === 1 && (reconnect === 'at-once' || code === noCode);
  const renewed = status === 'authenticating' && newToken && refusals === 1;
  const delayMs = Math.max(
    minDelayMs,
    dropped || renewed ? random * rules.spreadMs : backoffMs(rules, state.failures, random),
  );
  return { status: 'waiting', cause, delayMs, failures, refusals, opaque, newToken: newToken || opaque === 2 };
}

function isRefusal(code: number): boolean {
  return code >= 4100 && code <= 4102;
}

/** PROTOCOL.md's table of close codes as a rule, so that no bundle carries the table; a test holds the two together. */
export function closeRule(code: number): Pick<CloseCodeRule, 'reconnect' | 'newToken'> {
  const final = code === 1000 || (code >= 4500 && code < 5000);
  return {
    reconnect: final ? 'never' : [1001, 1012, 4000].includes(code) || isRefusal(code) ? 'at-once' : 'backoff',
    newToken: code === 1008 || isRefusal(code),
  };
}
