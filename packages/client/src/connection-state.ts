import { closeCodeRule } from '@trunkline/protocol';
import { type BackoffOptions, backoffMs } from './backoff.js';

/** Why a connection ended or was not made. */
export interface Cause {
  /** A WebSocket close code; 1006 when the peer gave none. */
  readonly code: number;
  readonly reason: string;
}

/** What went wrong lately; decides what the next try does. */
interface Trouble {
  /** Tries in a row that led to no stable connection. */
  readonly failures: number;
  /** Refusals of the token in a row. */
  readonly refusals: number;
  /** Ends before the socket opened, in a row: a browser hides a 401 behind them. */
  readonly opaque: number;
}

/** Where the connection is. `status` narrows it; README.md draws it. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | ({ readonly status: 'connecting'; readonly newToken: boolean } & Trouble)
  | ({ readonly status: 'authenticating'; readonly newToken: boolean } & Trouble)
  | ({
      readonly status: 'open';
      readonly connectionId: string;
      readonly userId: string;
      readonly leaving: boolean;
    } & Trouble)
  | ({
      readonly status: 'waiting';
      readonly newToken: boolean;
      readonly cause: Cause;
      readonly delayMs: number;
    } & Trouble)
  | { readonly status: 'closed'; readonly cause: Cause };

export type Status = ConnectionState['status'];

/** What can happen to a connection. */
export type ConnectionInput =
  | { readonly type: 'connect' }
  | { readonly type: 'opened' }
  | { readonly type: 'welcomed'; readonly connectionId: string; readonly userId: string }
  | { readonly type: 'stable' }
  | { readonly type: 'leaving' }
  | {
      readonly type: 'lost';
      readonly cause: Cause;
      readonly final?: boolean;
      readonly random: number;
      readonly minDelayMs?: number;
    }
  | { readonly type: 'retry' }
  | { readonly type: 'close'; readonly cause: Cause };

export interface ReconnectRules extends BackoffOptions {
  /** The first retry after a stable connection is uniform over this; the server tells it. */
  readonly spreadMs: number;
  /** False: a refused token is final, as there is no way to another one. */
  readonly renewable: boolean;
  /** Tries before giving up. @default Infinity */
  readonly maxAttempts: number;
}

const CALM: Trouble = { failures: 0, refusals: 0, opaque: 0 };

/** The whole life of a connection. An input that means nothing in a state gives the same state back. */
export function transition(state: ConnectionState, input: ConnectionInput, rules: ReconnectRules): ConnectionState {
  switch (input.type) {
    case 'connect':
      return state.status === 'idle' || state.status === 'closed'
        ? { status: 'connecting', newToken: false, ...CALM }
        : retry(state);
    case 'retry':
      return retry(state);
    case 'opened':
      return state.status === 'connecting' ? { ...state, status: 'authenticating', opaque: 0 } : state;
    case 'welcomed':
      if (state.status !== 'authenticating') return state;
      return {
        status: 'open',
        connectionId: input.connectionId,
        userId: input.userId,
        leaving: false,
        failures: state.failures,
        refusals: 0,
        opaque: 0,
      };
    case 'stable':
      return state.status === 'open' ? { ...state, failures: 0 } : state;
    case 'leaving':
      return state.status === 'open' ? { ...state, leaving: true } : state;
    case 'lost':
      return lose(state, input, rules);
    case 'close':
      return state.status === 'closed' ? state : { status: 'closed', cause: input.cause };
  }
}

function retry(state: ConnectionState): ConnectionState {
  if (state.status !== 'waiting') return state;
  const { newToken, failures, refusals, opaque } = state;
  return { status: 'connecting', newToken, failures, refusals, opaque };
}

function lose(
  state: ConnectionState,
  input: ConnectionInput & { type: 'lost' },
  rules: ReconnectRules,
): ConnectionState {
  if (state.status !== 'connecting' && state.status !== 'authenticating' && state.status !== 'open') return state;
  const { cause, random } = input;
  const rule = closeCodeRule(cause.code);
  const tokenRefused = cause.code >= 4100 && cause.code < 4200;
  const failures = state.failures + 1;
  if (
    input.final ||
    rule.reconnect === 'never' ||
    failures >= rules.maxAttempts ||
    (tokenRefused && !rules.renewable)
  ) {
    return { status: 'closed', cause };
  }
  const opaque = state.status === 'connecting' ? state.opaque + 1 : 0;
  const refusals = state.refusals + (rule.newToken ? 1 : 0);
  const dropped =
    state.status === 'open' &&
    state.failures === 0 &&
    (rule.reconnect === 'at-once' || cause.code === 1006 || cause.code === 1005);
  const firstRefusal = state.status === 'authenticating' && rule.newToken && refusals === 1;
  const delayMs =
    dropped || firstRefusal ? Math.round(random * rules.spreadMs) : backoffMs(rules, state.failures, random);
  return {
    status: 'waiting',
    cause,
    delayMs: Math.max(delayMs, input.minDelayMs ?? 0),
    newToken: rule.newToken || opaque === 2,
    failures,
    refusals,
    opaque,
  };
}
