import type { From, Position } from '@trunkline/protocol';

/** A durable event as the log holds it. Its offset is dense within the epoch. */
export interface LoggedEvent {
  readonly id: string;
  readonly offset: number;
  readonly epoch: string;
  readonly event: string;
  readonly from: From;
  /** The publish id; shown to the sender's user only. */
  readonly ref?: string | undefined;
  readonly data: unknown;
  readonly timestamp: number;
}

/** What the log of a room keeps. */
export interface LogBounds {
  readonly size: number;
  readonly ttlMs: number;
}

export interface Publication {
  readonly room: string;
  readonly eventId: string;
  readonly event: string;
  readonly from: From;
  readonly data: unknown;
  readonly timestamp: number;
  readonly log: LogBounds;
  readonly dedupeWindowMs: number;
  /** The idempotency key within the room: the authenticated user and the publish id. Absent: no duplicate check but `eventId`'s own. */
  readonly key?: { readonly userId: string; readonly id: string } | undefined;
  /** WAIT for so many replicas. */
  readonly minReplicas: number;
}

/** What an append did. `conflict`: the same key came with another payload; nothing was written. */
export type Appended =
  | { readonly status: 'appended'; readonly eventId: string; readonly epoch: string; readonly offset: number }
  | { readonly status: 'duplicate'; readonly eventId: string; readonly epoch: string; readonly offset: number }
  | { readonly status: 'conflict' };

/** `after`: older first from that offset on; `before`: the newest below it; neither: the newest. Entries come oldest first. */
export interface LogQuery {
  readonly after?: number;
  readonly before?: number;
  readonly limit: number;
}

/** One atomic look at a room's log. A page may be shorter than asked for; more remains while its last entry is not the head. */
export interface LogPage {
  readonly entries: readonly LoggedEvent[];
  /** The newest entry's place; offset 0 and lastId '' for an empty log. */
  readonly head: Position;
  /** The newest entry that bounds removed: the entry before the oldest kept. Offset 0: none was. */
  readonly trimmed: { readonly offset: number; readonly id: string };
  /** Where this epoch began: entries up to there were delivered in the epoch before (`bumpEpoch` keeps them). */
  readonly born: { readonly offset: number; readonly id: string };
}

/**
 * Connected: the log and the fan-out work. Degraded: local delivery only, with the reason an operator reads. `deaf`: the
 * log answers but this node does not hear the others; another node may well serve its clients.
 */
export type BrokerStatus =
  | { readonly state: 'starting' }
  | { readonly state: 'connected' }
  | { readonly state: 'degraded'; readonly reason: string; readonly deaf?: true };

/** What a broker tells the hub; every function returns at once and never throws. */
export interface BrokerEvents {
  /** A durable event of a subscribed room. A hint: may be lost, doubled or early; the hub repairs from the log. */
  logged(room: string, event: LoggedEvent): void;
  /** An ephemeral message of a subscribed room, from `emit` on any node, this one included. */
  emitted(room: string, message: unknown): void;
  /** A message for this node, or for all. */
  signalled(message: unknown): void;
  /** The log of these rooms (all: null) may differ from what was heard: check positions before delivering again. */
  suspect(rooms: readonly string[] | null): void;
  status(status: BrokerStatus): void;
}

/**
 * What connects the nodes: a log per room, fan-out to the nodes with members, messages between nodes.
 * Implementations run `brokerConformance` of `@trunkline/server/testing`.
 */
export interface Broker {
  readonly name: string;
  /** This process among the nodes; changes with each start. */
  readonly nodeId: string;
  /** Once, before anything else. Resolves when started, degraded or not; a missing Redis is a status, not an error. */
  start(events: BrokerEvents): Promise<void>;
  readonly status: BrokerStatus;
  /** How far the clock that all nodes can ask is ahead of this node's, milliseconds. @default 0 */
  readonly clockAheadMs?: number;
  /** First local member. Resolves once messages are heard; events published after that are never missed unless told by `suspect`. */
  subscribe(room: string): Promise<void>;
  /** Last local member left. No message of the room reaches this node afterwards. */
  unsubscribe(room: string): void;
  /**
   * Appends once per key (or event id) within the dedupe window and epoch, and fans out. Calls for one room append in
   * call order. One round trip. A broker in this process may answer at once: a promise a publish is its dearest part.
   *
   * @throws {TrunklineError} `unavailable` (certainly not held, never visible later) or `unknown_outcome` with `retrySafe`.
   */
  publish(publication: Publication): Appended | Promise<Appended>;
  /** @throws {TrunklineError} `unavailable` */
  read(room: string, query: LogQuery): Promise<LogPage>;
  /** Removes the log and what is retained, and starts a new epoch; subscribers are made to check. */
  purge(room: string): Promise<void>;
  /**
   * Starts a new epoch if the room is still in `epoch` (a rewind was found); the entries that are left stay, under the new
   * epoch. Subscribers are made to check. Resolves with the head of the epoch in force.
   */
  bumpEpoch(room: string, epoch: string): Promise<Position>;
  /**
   * Ephemeral fan-out to the subscribers of a room, this node included. Falls back to this node alone while degraded. Never throws.
   * `retain`: also kept as the last message under that key of the room (at most 1 000 keys), for `retained`; `only` kept,
   * not fanned out, for what every node has heard by itself.
   */
  emit(
    room: string,
    message: unknown,
    retain?: { readonly key: string; readonly ttlMs: number; readonly only?: boolean },
  ): void;
  /** What `emit` retained in the room, oldest first; [] while degraded. Never rejects. */
  retained(room: string): Promise<readonly unknown[]>;
  /** To one node, or to all (this one included). Best effort; falls back to this node while degraded. Never throws. */
  signal(to: 'all' | { readonly nodeId: string }, message: unknown): void;
  close(): Promise<void>;
}
