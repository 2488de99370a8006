import type { BackoffOptions } from './backoff.js';
import { type Clock, systemClock } from './clock.js';
import type { QueueStorage } from './queue-storage.js';
import type { TokenOption } from './tokens.js';
import type { WebSocketClass } from './transport.js';

export interface QueueOptions {
  /** Publishes and requests that wait or are under way. @default 1_000 */
  readonly maxItems?: number | undefined;
  /** Their JSON, bytes. @default 1_048_576 */
  readonly maxBytes?: number | undefined;
  /** `reject`: the new one fails with `queue_full`. `drop-newest`: likewise. `drop-oldest`: the oldest publish that was never sent does. @default 'reject' */
  readonly whenFull?: 'reject' | 'drop-oldest' | 'drop-newest' | undefined;
  /** Keeps publishes across a reload; see `@trunkline/client/local-storage`, `/indexed-db`, `/async-storage`. @default memory only */
  readonly storage?: QueueStorage | undefined;
}

export interface ClientOptions {
  /** `ws://` or `wss://`, with the path `/v1/connect`; a function is asked before each try. */
  readonly url: string | (() => string | Promise<string>);
  /** A provider is asked when a new one is needed. A fixed token can't be renewed: its end is the client's. @default none: a cookie, or a guest */
  readonly token?: TokenOption | undefined;
  /** @default { baseMs: 500, capMs: 30_000 } */
  readonly backoff?: Partial<BackoffOptions> | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
  /** Time for the socket to open, and again for the welcome, milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Names the contract this was built with, for the server's log. */
  readonly contractId?: string | undefined;
  /** Tries in a row before `closed`. @default Infinity */
  readonly maxAttempts?: number | undefined;
  readonly queue?: QueueOptions | undefined;
  /** 0 to below 1. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Default time of a request, milliseconds. @default 30_000 */
  readonly requestTimeoutMs?: number | undefined;
  /** Time for the token provider, milliseconds. @default 30_000 */
  readonly tokenTimeoutMs?: number | undefined;
  /** Reconnects at once, or checks the link, when the page or the network comes back. @default true */
  readonly wake?: boolean | undefined;
  /** @default globalThis.WebSocket; Node before 22 has none: pass the one of `ws` */
  readonly WebSocket?: WebSocketClass | undefined;
}

type Optional = 'token' | 'contractId';
type Given<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

export type ResolvedOptions = Given<Required<Omit<ClientOptions, Optional | 'queue' | 'backoff'>>> &
  Pick<ClientOptions, Optional> & {
    readonly backoff: BackoffOptions;
    readonly queue: Given<Required<Omit<QueueOptions, 'storage'>>> & Pick<QueueOptions, 'storage'>;
  };

/** What an option is when it is not given. */
export const DEFAULTS = {
  backoff: { baseMs: 500, capMs: 30_000 },
  connectTimeoutMs: 10_000,
  maxAttempts: Infinity,
  queue: { maxItems: 1_000, maxBytes: 1_048_576, whenFull: 'reject' },
  requestTimeoutMs: 30_000,
  tokenTimeoutMs: 30_000,
  wake: true,
} as const;

/** What is not given, or given as undefined, is the default. */
function withDefaults<D extends object, T extends object>(defaults: D, given: T | undefined): D & Given<T> {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(entries) as Given<T>) };
}

/** @throws {TypeError} one sentence that says what is missing */
export function resolveOptions(given: ClientOptions): ResolvedOptions {
  const { WebSocket = globalThis.WebSocket as WebSocketClass | undefined, backoff, queue } = given;
  if (!WebSocket) throw new TypeError('No WebSocket: pass one.');
  return {
    ...withDefaults({ ...DEFAULTS, clock: systemClock, random: Math.random }, given),
    WebSocket,
    backoff: withDefaults(DEFAULTS.backoff, backoff),
    queue: withDefaults(DEFAULTS.queue, queue),
  };
}
