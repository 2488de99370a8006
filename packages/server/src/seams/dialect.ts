import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type {
  AckedRoom,
  CloseCode,
  From,
  GapReason,
  LeftReason,
  Position,
  PresenceMember,
  PresenceSnapshot,
  ReceiptCursor,
  ReceiptKind,
  RoomRequest,
  TrunklineError,
  WelcomeLimits,
} from '@trunkline/protocol';
import type { Principal } from './authenticator.js';
import type { Observer } from './observer.js';

/** What the peer said before its first frame. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The peer, behind trusted proxies the one they name. */
  readonly address: string;
  /** Subprotocols offered, in order, as sent. */
  readonly protocols: readonly string[];
  /** The port it came to, for listeners bound to one dialect. */
  readonly port: number;
  /** The router's: to be called once authenticated, so that the connection stops counting as unauthenticated. */
  readonly admitted?: () => void;
  /**
   * The router's, on plain requests: lets a connection in that is made of them, and counts it like a socket. To be called
   * for its first request. @returns null: there is no room, and the request has been answered so
   */
  readonly admit?: (res: ServerResponse) => CountedConnection | null;
}

/** A connection without a socket of its own, counted until it ends. Each may be called more than once. */
export interface CountedConnection {
  authenticated(): void;
  ended(): void;
}

/** One way of speaking to the server: where it listens and how it words things. The canonical protocol is one, without privilege. */
export interface Dialect {
  readonly name: string;
  /** True when the request's path is this dialect's, for upgrades and plain requests. Cheap, never throws. */
  match(head: RequestHead): boolean;
  /** Once per hub. */
  mount(gateway: Gateway): Mount;
}

/** A mounted dialect. The router calls `upgrade` after the socket has its error listener and the cheap refusals are done. */
export interface Mount {
  upgrade?(req: IncomingMessage, socket: Duplex, head: Buffer, request: RequestHead): void;
  request?(req: IncomingMessage, res: ServerResponse, request: RequestHead): void;
  /** Closes what the dialect itself holds; its connections are closed by the hub first. */
  close(): Promise<void>;
}

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
  /** Asks one client; settles with its `result`. @throws {TrunklineError} `not_found`, `timeout`, the client's error */
  call(
    to: { readonly connectionId: string },
    method: string,
    data: unknown,
    options?: { readonly timeoutMs?: number },
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

/** The part of pino's interface that the packages use; silent by default. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
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

/**
 * The far end. F is the dialect's own frame type; the hub never looks inside one. `signal` fires when the peer is gone,
 * during authentication too; its reason is {@link Gone}.
 */
export interface Link<F> {
  readonly encoder: Encoder<F>;
  readonly signal: AbortSignal;
  /**
   * The same news for 1 kB less a link than an AbortSignal with its listener: told once, at once if it is gone already.
   * One listener only, an object that is there anyway. Where a link has it, `signal` is made on first use.
   */
  onGone?(listener: LinkListener): void;
  /** Queues one frame. Frames of one turn leave together and in order. */
  send(frame: F): void;
  /** Bytes queued here and in the socket. */
  bufferedBytes(): number;
  /** Flushes, then closes; terminates within 2 s. `reason` is a short stable word. */
  close(code: CloseCode, reason: string): void;
  /** Heartbeat 'link' only: a transport ping; the link tells `heard` by its own means. */
  ping?(): void;
  /** When anything was last heard from the peer (heartbeat 'link': a pong), by `performance.now()`. */
  lastHeardAt(): number;
}
export interface LinkListener {
  /** The link has ended. */
  gone(gone: Gone): void;
}
/** Why a link ended: `clean` is a close frame from the peer or from us. */
export interface Gone {
  readonly code: number;
  readonly clean: boolean;
}

/**
 * Words notices in a dialect. Links that share an encoder object share one encoded frame per notice, so the frame must not
 * depend on the connection. null: this dialect has no word for it.
 */
export interface Encoder<F> {
  encode(notice: Notice): F | null;
  /** What `encode` makes of this event with a `ref`; for encoders that make it out of the others' frame. */
  encodeOwn?(notice: EventNotice, ref: string): F | null;
}

/** An event as every member gets it. `ref` is set only in the copy for the sender's own user. */
export interface EventNotice {
  readonly type: 'event';
  readonly room: string;
  readonly event: string;
  readonly id: string;
  readonly ref?: string | undefined;
  readonly offset?: number | undefined;
  readonly epoch?: string | undefined;
  readonly provisional?: true | undefined;
  readonly from: From;
  readonly data: unknown;
  readonly timestamp: number;
  /** True for a copy replayed from the log. */
  readonly replayed?: true | undefined;
}
/** The usual ping; encoders may keep its frame. */
export const PING: Notice = { type: 'ping' };
export type Notice =
  | {
      readonly type: 'opened';
      readonly ref?: string;
      readonly connectionId: string;
      readonly session: string;
      readonly principal: Principal;
      readonly serverTime: number;
      readonly limits: WelcomeLimits;
      readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
    }
  | EventNotice
  /** A message to this one connection (`send`). */
  | {
      readonly type: 'direct';
      readonly room: string;
      readonly event: string;
      readonly id: string;
      readonly from: From;
      readonly data: unknown;
      readonly timestamp: number;
    }
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly version: number;
      readonly change: 'join' | 'update' | 'leave' | 'sync';
      readonly member?: PresenceMember;
      /** With `member`: the connection whose state it shows; of `leave` the one that went last. */
      readonly connectionId?: string;
      readonly members?: readonly PresenceMember[];
      readonly timestamp: number;
    }
  /** `ref`: the join command that asked; absent when the hub joined by itself. */
  | {
      readonly type: 'joined';
      readonly ref?: string;
      readonly room: string;
      readonly position: Position;
      readonly recovered: boolean;
      readonly reason?: GapReason;
      readonly missed: number;
      readonly presence?: PresenceSnapshot;
      /** Its user came to the room with this connection, or it can not be known. */
      readonly first?: true;
      readonly timestamp: number;
    }
  /** A room of `OpenOptions.rooms` could not be joined; the others go on. `ref`: the hello's id. A refused `join` is told by its reply. */
  | {
      readonly type: 'join_refused';
      readonly ref?: string;
      readonly room: string;
      readonly index: number;
      readonly error: TrunklineError;
    }
  /** The hub ended a membership. */
  | {
      readonly type: 'left';
      readonly room: string;
      readonly reason: LeftReason;
      readonly retryable: boolean;
      readonly timestamp: number;
    }
  | {
      readonly type: 'receipt';
      readonly room: string;
      readonly epoch: string;
      readonly cursors: readonly ReceiptCursor[];
    }
  | {
      readonly type: 'gap';
      readonly room: string;
      readonly reason: GapReason;
      readonly from: Position;
      readonly position: Position;
    }
  | { readonly type: 'call'; readonly id: string; readonly method: string; readonly data: unknown }
  | { readonly type: 'call_cancelled'; readonly of: string }
  | { readonly type: 'progress'; readonly ref: string; readonly data: unknown }
  /** With `reconnectSpreadMs` when it is no longer what the connection was told. */
  | { readonly type: 'ping'; readonly reconnectSpreadMs?: number }
  | { readonly type: 'expiring'; readonly expiresAt: number }
  /** A broadcast to every connection (`system_notification`). */
  | {
      readonly type: 'broadcast';
      readonly event: string;
      readonly id: string;
      readonly data: unknown;
      readonly timestamp: number;
    }
  /** A relation of this user changed; told to the user's connections (falcon's group_membership_change). */
  | {
      readonly type: 'relation';
      readonly object: string;
      readonly relation: string;
      readonly present: boolean;
      readonly userId: string;
      readonly timestamp: number;
    }
  | {
      readonly type: 'goaway';
      readonly code: CloseCode;
      readonly reason: string;
      readonly reconnect: boolean;
      readonly afterMs: number;
    };

/** What a peer asks. `id` is the frame's id (or one a dialect makes): idempotency key and correlation. */
export type Command =
  | { readonly type: 'refresh'; readonly id: string; readonly token: string }
  | ({ readonly type: 'join'; readonly id: string } & RoomRequest)
  | { readonly type: 'leave'; readonly id: string; readonly room: string }
  | {
      readonly type: 'publish';
      readonly id: string;
      readonly rooms: readonly string[];
      readonly event: string;
      readonly data: unknown /** canonical: the room was a list */;
      readonly listed?: boolean;
    }
  | { readonly type: 'skip'; readonly id: string; readonly room: string; readonly of: string }
  | {
      readonly type: 'send';
      readonly id: string;
      readonly to: string;
      readonly room?: string;
      readonly event: string;
      readonly data: unknown;
    }
  | {
      readonly type: 'request';
      readonly id: string;
      readonly action: string;
      readonly data: unknown;
      readonly timeoutMs?: number /** dialect context for the webhook */;
      readonly context?: {
        readonly sessionId?: string;
        readonly artifactId?: string;
        /** What the peer calls the request, where `id` is the dialect's own; `idempotencyId` is then that `id`. */
        readonly requestId?: string;
        readonly idempotencyId?: string;
      } /** aborted at disconnect and never kept (actions dialect) */;
      readonly bound?: boolean;
    }
  | { readonly type: 'cancel'; readonly id: string; readonly of: string }
  | {
      readonly type: 'result';
      readonly id: string;
      readonly of: string;
      readonly data?: unknown;
      readonly error?: { readonly code: string; readonly message: string };
    }
  | { readonly type: 'presence'; readonly id: string; readonly room?: string; readonly state: unknown }
  | {
      readonly type: 'read';
      readonly id: string;
      readonly room: string;
      readonly epoch: string;
      readonly offset: number;
      readonly kind: ReceiptKind;
    }
  | { readonly type: 'receipts'; readonly id: string; readonly room: string; readonly offset: number }
  | {
      readonly type: 'history';
      readonly id: string;
      readonly room: string;
      readonly before?: number;
      readonly after?: number;
      readonly limit?: number;
    }
  /** What proves life and asks nothing: pong, heartbeat. One that the format answers is refused beyond the rate, like all that asks. */
  | { readonly type: 'pong'; readonly isAnswered?: true }
  /** The dialect could not read a frame: counted against the peer, answered with this error. */
  | { readonly type: 'refused'; readonly error: TrunklineError; readonly id?: string };

/**
 * What came of a command. `done`: nothing to say (a join is told by its `joined` notice, a pong by nothing).
 * `left` answers `leave`.
 */
export type Reply =
  | { readonly type: 'done' }
  | { readonly type: 'left'; readonly room: string; readonly timestamp: number }
  | { readonly type: 'ack'; readonly eventId: string; readonly rooms: readonly AckedRoom[] }
  | { readonly type: 'response'; readonly data: unknown }
  | { readonly type: 'error'; readonly error: TrunklineError };

/**
 * One open conversation with the hub. Starts commands in arrival order; per room join, leave and publish stay ordered and
 * pipelined; nothing waits for a request. Never throws and never rejects; what is known at once is answered at once.
 */
export interface Session {
  /** The connection's id, by which others may `send` to it. */
  readonly id: string;
  readonly principal: Principal;
  /** True while it has sent more than its rate allows for: to be read in short turns, so that others get theirs. @default false */
  readonly isAhead?: boolean;
  /** Its rate. @default without a bound */
  readonly messagesPerSecond?: number;
  /** How long to leave it unread: it exceeds its rate, and its user has been refused as often as may be for now. @default 0 */
  restMs?(): number;
  handle(command: Command): Reply | Promise<Reply>;
}
