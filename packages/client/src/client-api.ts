import type {
  ActionInput,
  ActionOutput,
  ActionProgress,
  CallInput,
  CallName,
  CallOutput,
  Contract,
  EventData,
  GapReason,
  Position,
  PresenceMember,
  ReceiptCounts,
  ReceiptCursor,
  RoomKind,
  TrunklineError,
} from '@trunkline/protocol';
import type { ConnectionState } from './connection-state.js';
import type { AnyEvent, AnyRoomEvent, Gap, Left, RoomEvent } from './events.js';
import type { Queue, QueueStatus, StoredOutcome } from './queue-api.js';
import type { TimelineEntry } from './timeline.js';

/** What `client.on` tells, and with which arguments. */
export interface ClientEvents<C extends Contract> {
  /** The connection moved on. */
  readonly state: readonly [next: ConnectionState, previous: ConnectionState];
  /** Any event of any room, each id once however many rooms it came through. */
  readonly event: readonly [event: AnyEvent<C>];
  readonly gap: readonly [gap: Gap];
  readonly left: readonly [left: Left];
  /** Something the application should know and no promise carries: a token that can't be renewed, a server out of reach. */
  readonly error: readonly [error: TrunklineError];
  /** A queued publish settled that nobody in this page waits for: it was stored before a reload. */
  readonly settled: readonly [outcome: StoredOutcome];
}

/** The log holds it. */
export interface Published {
  /** The event's id, as its receivers see it. */
  readonly id: string;
  /** Absent for ephemeral events and for publishes to several rooms. */
  readonly epoch: string | undefined;
  readonly offset: number | undefined;
  /** True when this id had been taken before, by an earlier try. */
  readonly duplicate: boolean;
}

/** One entry a room; `error` where that room refused. */
export interface PublishedToMany extends Published {
  readonly rooms: readonly {
    readonly room: string;
    readonly epoch?: string;
    readonly offset?: number;
    readonly duplicate?: true;
    readonly error: TrunklineError | undefined;
  }[];
}

export interface PublishOptions {
  /** The publish id (idempotency key), 128 random bits. Give one to know `event.ref` ahead of the ack. @default a new one */
  readonly id?: string | undefined;
  /** Gives up when it could not be sent in time, milliseconds, 0: at once; `timeout`, or `unknown_outcome` if it was sent. @default none */
  readonly ttlMs?: number | undefined;
  /** A newer publish with the same key takes the place of one that still waits; both promises settle together. */
  readonly conflate?: string | undefined;
  /** Gives up: `cancelled` if it was not sent, else `unknown_outcome`. */
  readonly signal?: AbortSignal | undefined;
}

export interface JoinOptions {
  /** Also deliver the last n events of the log with the first join. */
  readonly rewind?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface JoinedInfo {
  readonly position: Position;
  /** True: every event missed since the last position follows. */
  readonly recovered: boolean;
  /** Present when events were missed for good; `onGap` was told too. */
  readonly reason?: GapReason;
  readonly missed: number;
}

export interface RequestOptions<P> {
  /** From now to the answer, reconnects included, milliseconds. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /** Cancels on the server too. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: P) => void) | undefined;
  /** True: may be sent again even when its first outcome can't be known. @default false */
  readonly idempotent?: boolean | undefined;
}

export interface HistoryQuery {
  /** Events before this offset. @default where live delivery of this room began, if it is joined */
  readonly before?: number | undefined;
  /** Events after this offset. */
  readonly after?: number | undefined;
  /** @default 50 */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Oldest first. */
export interface HistoryPage<C extends Contract, K extends RoomKind<C>> {
  readonly events: readonly AnyRoomEvent<C, K>[];
  /** The log's head. */
  readonly position: Position;
  /** Everything up to this offset is gone. */
  readonly trimmedOffset: number;
  /** The page before this one; null at the end of what is kept. */
  older(): Promise<HistoryPage<C, K> | null>;
}

export type RoomStatus = 'out' | 'joining' | 'joined' | 'leaving' | 'refused';

/**
 * One room. Handles are cheap: `client.room(…)` twice gives two views of one membership. Names are `keyof` here and in
 * {@link Client}, not `EventName` and the like: an error of the compiler then lists those there are.
 */
export interface Room<C extends Contract = Contract, K extends RoomKind<C> = RoomKind<C>> {
  readonly name: string;
  readonly status: RoomStatus;
  /** The place reached, undefined before the first join. */
  readonly position: Position | undefined;
  readonly presence: Presence;
  readonly typing: Typing;
  readonly receipts: Receipts;
  /** Counted: the room is left when `leave` was called as often. @throws {TrunklineError} the refusal, or `cancelled` */
  join(options?: JoinOptions): Promise<JoinedInfo>;
  leave(): Promise<void>;
  on<E extends keyof C['rooms'][K]['events'] & string>(
    event: E,
    listener: (event: RoomEvent<C, K, E>) => void,
  ): () => void;
  onEvent(listener: (event: AnyRoomEvent<C, K>) => void): () => void;
  onGap(listener: (gap: Gap) => void): () => void;
  onLeft(listener: (left: Left) => void): () => void;
  onStatus(listener: (status: RoomStatus) => void): () => void;
  /** Events from now on; a reader 1 000 behind gets `queue_full`. */
  events(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<AnyRoomEvent<C, K>>;
  /** Resolves when the log holds it; waits in the queue while offline. @throws {TrunklineError} */
  publish<E extends keyof C['rooms'][K]['events'] & string>(
    event: E,
    data: EventData<C, K, E>,
    options?: PublishOptions,
  ): Promise<Published>;
  /** Ephemeral, now or never: not queued, not repeated. False when it could not be sent. @throws {TrunklineError} `too_large`, `invalid_data` */
  signal<E extends keyof C['rooms'][K]['events'] & string>(event: E, data: EventData<C, K, E>): boolean;
  history(query?: HistoryQuery): Promise<HistoryPage<C, K>>;
  /** How many others got, and read, everything up to the offset; also in rooms too large for `receipts`. @throws {TrunklineError} */
  receiptCounts(offset: number): Promise<ReceiptCounts>;
  /** Moves my read cursor, at most once a second. @default the newest event received */
  read(offset?: number): void;
  /** Moves my delivered cursor, at most once a second. @default the newest event received */
  delivered(offset?: number): void;
}

export interface PresenceDiff {
  readonly joined: readonly PresenceMember[];
  readonly updated: readonly PresenceMember[];
  readonly left: readonly PresenceMember[];
}

export interface Presence {
  /** The same array until something changes. */
  readonly members: readonly PresenceMember[];
  /** Of the room's list; it rises with every change. */
  readonly version: number;
  on(listener: (diff: PresenceDiff) => void): () => void;
  /** My own state in this room; told again after each join. @throws {TrunklineError} `too_large`, `invalid_data` */
  set(state: unknown): void;
}

export interface Typing {
  /** User ids of the others who type now; the same array until it changes. */
  readonly users: readonly string[];
  on(listener: (users: readonly string[]) => void): () => void;
  /** Call at every key; sent at most every 3 s, and ended by itself 5 s after the last call. */
  start(): void;
  stop(): void;
}

export interface Receipts {
  /** One per member; the same array until it changes. */
  readonly cursors: readonly ReceiptCursor[];
  on(listener: (cursors: readonly ReceiptCursor[]) => void): () => void;
}

/** What happened to the connection and why, newest last. */
export interface Explanation {
  readonly state: ConnectionState;
  readonly nextAttemptAt: number | undefined;
  readonly timeline: readonly TimelineEntry[];
  readonly rooms: readonly {
    readonly room: string;
    readonly status: RoomStatus;
    readonly position: Position | undefined;
  }[];
  readonly queue: QueueStatus;
}

export interface Client<C extends Contract = Contract> {
  readonly state: ConnectionState;
  readonly queue: Queue;
  /** Who the server says this is; undefined before the first connection, and once closed. */
  readonly userId: string | undefined;
  readonly connectionId: string | undefined;
  /** Resolves when open; rejects when the connection ends for good, with what your `token` or `url` threw as `cause`. Join, publish and request call it themselves. */
  connect(): Promise<void>;
  /** Drops what is there and connects at once; also after `closed`. */
  reconnect(): Promise<void>;
  /** Ends everything: what waits is settled `cancelled`, what was sent and has no answer `unknown_outcome`. */
  close(): Promise<void>;
  room<K extends keyof C['rooms'] & string>(kind: K, id: string): Room<C, K>;
  room<K extends keyof C['rooms'] & string>(name: `${K}:${string}`): Room<C, K>;
  /** One event into several rooms, with one id. */
  publish<K extends keyof C['rooms'] & string, E extends keyof C['rooms'][K]['events'] & string>(
    rooms: readonly `${K}:${string}`[],
    event: E,
    data: EventData<C, K, E>,
    options?: PublishOptions,
  ): Promise<PublishedToMany>;
  /** Ephemeral, to one connection that shares `room` with this one. False when it could not be sent. @throws {TrunklineError} `too_large`, `invalid_data` */
  send<K extends keyof C['rooms'] & string, E extends keyof C['rooms'][K]['events'] & string>(
    to: { readonly connectionId: string; readonly room: `${K}:${string}` },
    event: E,
    data: EventData<C, K, E>,
  ): boolean;
  request<A extends keyof C['actions'] & string>(
    action: A,
    input: ActionInput<C, A>,
    options?: RequestOptions<ActionProgress<C, A>>,
  ): Promise<ActionOutput<C, A>>;
  /** Answers the server's calls; one handler a method. */
  handle<M extends keyof C['calls'] & string>(method: M, handler: CallHandlers<C>[M]): () => void;
  on<N extends keyof ClientEvents<C>>(name: N, listener: (...args: ClientEvents<C>[N]) => void): () => void;
  explain(): Explanation;
}

/** By method. Looked up by its name, a handler knows its output when it is written, so that `'yes'` stays one of an enum. */
export type CallHandlers<C extends Contract> = {
  readonly [M in CallName<C>]: (
    input: CallInput<C, M>,
    context: { readonly signal: AbortSignal },
  ) => CallOutput<C, M> | Promise<CallOutput<C, M>>;
};
