/** What a Zod schema says of itself to the type system; the root entry needs no Zod to read it. */
export interface SchemaLike {
  readonly _zod: { readonly output: unknown };
}
export type Output<S> = S extends { readonly _zod: { readonly output: infer O } } ? O : never;

/**
 * One way in. `user`: anyone signed in. `self`: the room's id is the user's. `member`: who has joined.
 * `relation:r`: the directory holds `room#r@user`. `role:r`: the token says so. `claim:c`: the room's id, up to its
 * first `/`, equals the token's claim `c`. `anonymous`: guests too. Role `admin` passes everywhere.
 */
export type AccessRule =
  | 'user'
  | 'self'
  | 'member'
  | 'anonymous'
  | `relation:${string}`
  | `role:${string}`
  | `claim:${string}`;

/** Conflation: the newest event per key replaces older ones; the key is a field of `data`, or the event itself. */
export type ConflateBy = string | true;

export interface EventDefinition<S extends SchemaLike = SchemaLike> {
  readonly data: S;
  readonly durable: boolean;
  /** Who may publish it. @default `['member']` */
  readonly publish: readonly AccessRule[];
  /** The field of `data` that names the sender: what a client publishes gets its user id there, whatever it claims. */
  readonly sender?: string;
  /** Ephemeral only: under backpressure the newest per key is kept. */
  readonly conflateBy?: ConflateBy;
  /** Ephemeral only: a joiner gets the last one per conflation key at once. */
  readonly retain?: 'last';
  /** Ephemeral only: `others` leaves the sender out. @default `'all'` */
  readonly echo?: 'all' | 'others';
}

export interface RoomKindDefinition<
  E extends Readonly<Record<string, EventDefinition>> = Readonly<Record<string, EventDefinition>>,
> {
  readonly events: E;
  /** Who may join. */
  readonly join: readonly AccessRule[];
  /** Who may read history. @default as `join` */
  readonly history?: readonly AccessRule[] | false;
  /** Who sees presence; false: none is kept. @default as `join` */
  readonly presence?: readonly AccessRule[] | false;
  /** Checks the id beyond the grammar. */
  readonly id?: SchemaLike;
  /** `self`: `kind:<userId>` is joined by itself; `relation:r`: every room where the user has it. Dialects that document it act on it. */
  readonly autoJoin?: 'self' | `relation:${string}`;
  /** Events kept. @default HISTORY_SIZE (1 000) */
  readonly historySize?: number;
  /** How long, milliseconds. @default HISTORY_TTL_MS (24 h) */
  readonly historyTtlMs?: number;
  /** Delivered and read cursors. @default false */
  readonly receipts?: boolean;
  /** What a durable publish meets while Redis is away. @default `'reject'` */
  readonly whenDegraded?: 'reject' | 'provisional';
  /** WAIT for so many replicas before the ack; fewer: `unknown_outcome`. @default 0 */
  readonly minReplicas?: number;
}

export interface ActionDefinition<
  I extends SchemaLike = SchemaLike,
  O extends SchemaLike = SchemaLike,
  P extends SchemaLike = SchemaLike,
> {
  readonly input: I;
  readonly output?: O;
  readonly progress?: P;
  /** Roles that may ask; absent: any user. */
  readonly roles?: readonly string[];
  /** @default ACTION_TIMEOUT_MS (30 000) */
  readonly timeoutMs?: number;
}

export interface CallDefinition<I extends SchemaLike = SchemaLike, O extends SchemaLike = SchemaLike> {
  readonly input: I;
  readonly output?: O;
}

/** The application's rooms, actions and calls; made by `defineContract` of `@trunkline/protocol/contract`. */
export interface Contract {
  readonly rooms: Readonly<Record<string, RoomKindDefinition>>;
  readonly actions: Readonly<Record<string, ActionDefinition>>;
  readonly calls: Readonly<Record<string, CallDefinition>>;
}

export type RoomKind<C extends Contract> = keyof C['rooms'] & string;
export type EventName<C extends Contract, K extends RoomKind<C>> = keyof C['rooms'][K]['events'] & string;
export type EventData<C extends Contract, K extends RoomKind<C>, E extends EventName<C, K>> = Output<
  C['rooms'][K]['events'][E]['data']
>;
export type ActionName<C extends Contract> = keyof C['actions'] & string;
export type ActionInput<C extends Contract, A extends ActionName<C>> = Output<C['actions'][A]['input']>;
export type ActionOutput<C extends Contract, A extends ActionName<C>> = C['actions'][A] extends {
  readonly output: infer S;
}
  ? Output<S>
  : unknown;
export type ActionProgress<C extends Contract, A extends ActionName<C>> = C['actions'][A] extends {
  readonly progress: infer S;
}
  ? Output<S>
  : unknown;
export type CallName<C extends Contract> = keyof C['calls'] & string;
export type CallInput<C extends Contract, M extends CallName<C>> = Output<C['calls'][M]['input']>;
export type CallOutput<C extends Contract, M extends CallName<C>> = C['calls'][M] extends { readonly output: infer S }
  ? Output<S>
  : unknown;
