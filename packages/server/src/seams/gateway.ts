import type { AckedRoom, From, RoomRequest } from '@trunkline/protocol';
import type { Principal } from './authenticator.js';
import type { Link } from './link.js';
import type { Logger } from './logger.js';
import type { Observer } from './observer.js';
import type { Session } from './session.js';

/** Where a token may come from, in this order of preference. Cookies only with an allowed Origin: the gateway checks. */
export interface Credentials {
  readonly token?: string;
  /** True when `token` came from a cookie; then `origin` must be on the allow-list. */
  readonly fromCookie?: boolean;
  readonly origin?: string;
  readonly address: string;
}

/** What the peer said before its first frame: who it claims to be and the rooms it wants. */
export interface Greeting {
  readonly credentials: Credentials;
  /** Rooms whose join must be granted for the admission to succeed. */
  readonly rooms?: readonly string[];
  /** The `session` that it is opened with: its older connections do not count against the limit of its user. */
  readonly session?: string;
}

/** An authenticated peer, ready to be opened. Not yet counted as a connection. */
export interface Admission {
  readonly principal: Principal;
  readonly rooms: readonly string[];
}

export interface OpenOptions {
  readonly dialect: string;
  /** A session id from an earlier welcome; a foreign or bad one is replaced in silence. */
  readonly session?: string;
  /** The id of the command that opened the session (hello); echoed in the `opened` notice. */
  readonly ref?: string;
  readonly address: string;
  /** Also join the kinds with `autoJoin`. @default false */
  readonly autoJoin?: boolean;
  /**
   * Rooms that are left as `authorisation_stale` are joined again, from where they were left, once rights can be read: for
   * clients that do not ask again themselves. @default false
   */
  readonly rejoin?: boolean;
  /** Rooms to join right after `opened`, with positions. */
  readonly rooms?: readonly RoomRequest[];
  /** Set presence for joined rooms with this state. @default none is set, which shows as null */
  readonly presence?: unknown;
  /** Who pings: the hub by notices, or the link by WebSocket frames. @default 'notice' */
  readonly heartbeat?: 'notice' | 'link';
  /**
   * The dialect's documented rhythm, used unless the operator set one. `ping`: the timeout counts from the ping, and any
   * frame is a sign of life; `pong`, for heartbeat 'link': from the last pong, whatever else comes.
   */
  readonly heartbeatTiming?: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly countsFrom: 'ping' | 'pong';
  };
  /** Each event id is shown once, over all rooms and provisional copies: for clients that do not know ids. @default true */
  readonly eachEventOnce?: boolean;
}

/** A dialect's only door into the hub. */
export interface Gateway {
  /**
   * Authenticates before any upgrade, so that a dialect can refuse in its own words. Every room of the greeting must be
   * joinable.
   *
   * @throws {TrunklineError} `unauthenticated`, `token_expired`, `token_revoked`, `forbidden`, `invalid_room`, `unknown_room_kind`,
   * `too_many_connections`, `rate_limited`, `unavailable`; `cancelled` when `signal` fired
   */
  authenticate(greeting: Greeting, signal: AbortSignal): Promise<Admission>;
  /** Opens a session: `opened` is the link's first notice, then joins. The link's `signal` ends it. Never throws. */
  open<F>(link: Link<F>, admission: Admission, options: OpenOptions): Session;
  /** Publishes as a service (a dialect's own backend functions). @throws {TrunklineError} */
  publish(publication: ServicePublication): Promise<Published>;
  /**
   * Asks one client; settles with its `result`. `signal` gives up. @throws {TrunklineError} `not_found`, `timeout`,
   * `cancelled`, `unknown_outcome`, the client's error
   */
  call(
    to: { readonly connectionId: string },
    method: string,
    data: unknown,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  /** A login endpoint's work: checks an account and signs a token. @throws {TrunklineError} `unauthenticated`, `rate_limited` */
  login(name: string, password: string, address: string): Promise<IssuedToken>;
  /** A token that never ends, for development; null when there is none. */
  testToken(): Promise<IssuedToken | null>;
  readonly limits: GatewayLimits;
  readonly logger: Logger;
  readonly observer?: Observer;
}

export interface GatewayLimits {
  readonly maxMessageBytes: number;
  readonly maxQueueBytes: number;
  readonly helloTimeoutMs: number;
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds. null: never ends. */
  readonly expiresIn: number | null;
  readonly userId: string;
}

export interface ServicePublication {
  readonly rooms: readonly string[];
  readonly event: string;
  readonly data: unknown;
  /** The idempotency key, and the event's id when it is a UUID. */
  readonly id?: string;
  /** @default { service: 'hub' } */
  readonly from?: From;
  /**
   * Of ephemeral events. `local`: to this node's members, for every node hears the source itself; one of them says
   * `local-kept`, so that who joins later gets what the kind retains. @default 'all'
   */
  readonly scope?: 'all' | 'local' | 'local-kept';
}

export interface Published {
  readonly eventId: string;
  readonly rooms: readonly AckedRoom[];
  /** True when held by this node's outbox until Redis is back. */
  readonly provisional?: true;
}
