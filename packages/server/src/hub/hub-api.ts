import type { Server } from 'node:http';
import type {
  ActionInput,
  ActionName,
  ActionOutput,
  ActionProgress,
  CallInput,
  CallOutput,
  Contract,
  EventData,
  EventName,
  PresenceSnapshot,
  RoomKind,
} from '@trunkline/protocol';
import type { Authenticator, Principal } from '../seams/authenticator.js';
import type { Broker, BrokerStatus, LogPage, LogQuery } from '../seams/broker.js';
import type { Dialect } from '../seams/dialect.js';
import type { Directory } from '../seams/directory.js';
import type { IssuedToken, Published, ServicePublication } from '../seams/gateway.js';
import type { Ledger } from '../seams/ledger.js';
import type { Logger } from '../seams/logger.js';
import type { Observer } from '../seams/observer.js';
import type { PresenceStore } from '../seams/presence-store.js';
import type { Revocation, RevocationStore } from '../seams/revocation-store.js';
import type { RoomPolicy } from '../seams/room-policy.js';
import type { Roster } from '../seams/roster.js';

/** Every limit of the hub; alphabetical; defaults are DESIGN's. */
export interface HubLimits {
  readonly actionTimeoutMs: number;
  readonly authorisationStaleMs: number;
  readonly connectionsPerAddress: number;
  readonly connectionsPerUser: number;
  readonly dedupeWindowMs: number;
  readonly helloTimeoutMs: number;
  readonly historySize: number;
  readonly historyTtlMs: number;
  readonly maxMessageBytes: number;
  readonly maxQueueBytes: number;
  readonly messageBurst: number;
  readonly messagesPerSecond: number;
  readonly roomsPerConnection: number;
  /** Connections a second beyond which new ones get a retry slot. */
  readonly connectsPerSecond: number;
  readonly unacked: number;
}

/** Accounts behind the login endpoints; the hub only passes it on. */
export interface Accounts {
  /** @throws {TrunklineError} `unauthenticated`, `rate_limited` */
  login(name: string, password: string, address: string): Promise<IssuedToken>;
  testToken(): Promise<IssuedToken | null>;
}

/** Runs the actions that have no handler in code (the signed webhook). Rejects with a TrunklineError of the backend's code. */
export type ActionForwarder = (request: ActionRequest) => Promise<unknown>;
export interface ActionRequest {
  readonly action: string;
  readonly requestId: string;
  /** Tells requests apart where a peer's `requestId` only correlates. @default requestId */
  readonly idempotencyId?: string;
  readonly data: unknown;
  readonly principal: Principal;
  readonly sessionId?: string;
  readonly artifactId?: string;
  readonly signal: AbortSignal;
  progress(data: unknown): void;
}

export interface HubOptions<C extends Contract = Contract> {
  readonly contract: C;
  readonly authenticator: Authenticator;
  readonly accounts?: Accounts;
  /** Exact origins whose pages may use cookies, and connect at all when they send an Origin with one. @default [] */
  readonly allowedOrigins?: readonly string[];
  /** @default createMemoryBroker() */
  readonly broker?: Broker;
  /** @default createMemoryDirectory() */
  readonly directory?: Directory;
  readonly forwardAction?: ActionForwarder;
  /** Each on its own goes before what a dialect documents. @default the dialect's, else 25_000 and 10_000 */
  readonly heartbeat?: { readonly intervalMs?: number; readonly timeoutMs?: number };
  readonly limits?: Partial<HubLimits>;
  /** Requests and receipts that all nodes remember together. @default createMemoryLedger() */
  readonly ledger?: Ledger;
  /** @default silent */
  readonly logger?: Logger;
  readonly observer?: Observer;
  /** @default the contract's rules over the directory */
  readonly policy?: RoomPolicy;
  /** @default createMemoryPresenceStore() */
  readonly presence?: PresenceStore;
  /** What was revoked, for every node. @default createMemoryRevocationStore(): a node that was away does not learn of it */
  readonly revocations?: RevocationStore;
  /** @default createMemoryRoster() */
  readonly roster?: Roster;
  /** Signs session ids; the same on every node. @default random: sessions then end with the process */
  readonly sessionSecret?: string;
  /** Proxies whose X-Forwarded-For counts (addresses or CIDR). @default [] */
  readonly trustedProxies?: readonly string[];
}

/** A request as an action's handler sees it. */
export interface ActionContext<P> {
  readonly principal: Principal;
  readonly requestId: string;
  readonly connectionId: string;
  /** Fires at the timeout, at `cancel`, and when nobody waits any more. */
  readonly signal: AbortSignal;
  progress(data: P): void;
}

/** By action. Looked up by its name, a handler knows its output when it is written, so that `'sent'` stays one of an enum. */
export type ActionHandlers<C extends Contract> = {
  readonly [A in ActionName<C>]: (
    input: ActionInput<C, A>,
    context: ActionContext<ActionProgress<C, A>>,
  ) => Promise<ActionOutput<C, A>> | ActionOutput<C, A>;
};

export interface HubStatus {
  readonly state: 'starting' | 'ready' | 'degraded' | 'draining';
  /** False: take this node out of rotation (starting, draining, or its fan-out is broken though the broker answers). */
  readonly ready: boolean;
  readonly reason?: string;
  readonly broker: BrokerStatus;
  readonly connections: number;
  readonly nodeId: string;
  /** Rooms with members on this node. */
  readonly rooms: number;
}

/** What a service publishes: an event of the rooms' kinds, with the data that the contract has for it. */
export interface HubPublication<C extends Contract, K extends RoomKind<C>, E extends EventName<C, K>>
  extends Omit<ServicePublication, 'rooms' | 'event' | 'data'> {
  readonly rooms: readonly (string extends K ? string : `${K}:${string}`)[];
  readonly event: E;
  readonly data: EventData<C, K, E>;
}

/**
 * The core in one process: connections, rooms, policy, broker. Made by `createHub`. Names are `keyof` here, not
 * `EventName` and the like: an error of the compiler then lists those there are.
 */
export interface Hub<C extends Contract = Contract> {
  readonly contract: C;
  readonly directory: Directory;
  readonly roster: Roster;
  start(): Promise<void>;
  status(): HubStatus;
  /** Bytes that wait for the peers of this node to read, added up when asked: time grows with the connections. */
  queuedBytes(): number;
  /** Verifies a token as the gateway does, revocations included; for HTTP routes beside the sockets. @throws {TrunklineError} as the gateway */
  authenticate(token: string): Promise<Principal>;
  /** Serves dialects on an HTTP server: upgrades and the dialects' own plain paths. The first dialect that matches wins. */
  attach(server: Server, dialects: readonly Dialect[]): void;
  /** Runs an action in code. @throws {TypeError} for an action the contract does not have */
  handle<A extends keyof C['actions'] & string>(action: A, handler: ActionHandlers<C>[A]): void;
  /** @throws {TrunklineError} `invalid_room`, `unknown_room_kind`, `unknown_event`, `invalid_data`, `too_large`, `id_conflict`, `unavailable`, `unknown_outcome` */
  publish<K extends keyof C['rooms'] & string, E extends keyof C['rooms'][K]['events'] & string>(
    publication: HubPublication<C, K, E>,
  ): Promise<Published>;
  /** One event to every connection of every node. */
  broadcast(event: string, data: unknown): Promise<void>;
  /** A page ends early past 8 MiB. @throws {TrunklineError} `invalid_room`, `unknown_room_kind`, `unavailable` */
  history(room: string, query: LogQuery): Promise<LogPage>;
  purge(room: string): Promise<void>;
  presence(room: string): Promise<PresenceSnapshot>;
  roomsOf(userId: string): Promise<readonly string[]>;
  /**
   * Asks one client, on any node. `signal` gives up: the client is told. @throws {TrunklineError} `not_found`, `timeout`,
   * `cancelled`, `unknown_outcome` (its connection or its node ended before the answer), or the client's error
   */
  call<M extends keyof C['calls'] & string>(
    to: { readonly connectionId: string },
    method: M,
    data: CallInput<C, M>,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<CallOutput<C, M>>;
  /** Closes every connection of a user on every node (4502, final). */
  disconnect(userId: string): Promise<Spread>;
  /** Refuses tokens from now on and closes their connections on every node (4102). */
  revoke(revocation: Revocation): Promise<Spread>;
  /** Stops accepting, sends `goaway` in slots over the window, waits for what is in flight, closes 1012. */
  drain(options: { readonly windowMs: number; readonly deadlineMs: number }): Promise<{ readonly outbox: number }>;
  close(): Promise<void>;
}

/** How far an order got that is for every node. */
export interface Spread {
  /** False: this node acted; the others hear of it when what the nodes share is back, if this node lives until then. */
  readonly recorded: boolean;
}
