import type { ReceiptCursor, ReceiptKind } from '@trunkline/protocol';

/** What became of a claim. `settled`: the remembered result, as given to `settle`. `conflict`: the key has other data. */
export type Claim =
  | { readonly status: 'claimed' }
  | { readonly status: 'running'; readonly nodeId: string }
  | { readonly status: 'settled'; readonly result: unknown }
  | { readonly status: 'conflict' };

export interface ReceiptAdvance {
  readonly room: string;
  readonly epoch: string;
  readonly userId: string;
  readonly kind: ReceiptKind;
  readonly offset: number;
}

/**
 * What all nodes must remember together besides the rooms' logs: requests, so that a retry on another node attaches to
 * the first run, and receipt cursors. Implementations run `ledgerConformance` of `@trunkline/server/testing`.
 */
export interface Ledger {
  start(): Promise<void>;
  /**
   * Atomic: one caller of a key gets `claimed` until it settles or releases it, or `ttlMs` has passed. `data` is what the key
   * stands for; it is not changed afterwards. A claim that failed holds nobody up for long.
   *
   * @throws {TrunklineError} `unavailable`
   */
  claim(key: string, data: unknown, ttlMs: number): Claim | Promise<Claim>;
  /**
   * For who claimed the key; does nothing where the claim has run out. Remembers the result for `ttlMs` and tells who
   * waits, on every node.
   *
   * @throws as `claim`; it is told later then, as long as this process lives
   */
  settle(key: string, result: unknown, ttlMs: number): void | Promise<void>;
  /** As `settle`, but the key is free: who waits by now gets the result, and the next claim runs anew. @throws as `settle` */
  release(key: string, result: unknown): void | Promise<void>;
  /** For who claimed the key, before it settles: told to who waits on other nodes, if they can be reached now. */
  tellProgress(key: string, data: unknown): void;
  /**
   * The result of a key that runs on any node, when it settles; at once when it has. The caller bounds the wait by
   * `signal`; what `tellProgress` says meanwhile goes to `onProgress`, in order.
   *
   * @throws {TrunklineError} `cancelled` when `signal` fired; `unknown_outcome` when the claim has run out or its node died;
   * `unavailable` when its node could not begin
   */
  settled(key: string, signal: AbortSignal, onProgress: (data: unknown) => void): Promise<unknown>;
  /** Whether anybody on any node waits for the key in `settled`. @throws as `claim` */
  isAwaited(key: string): Promise<boolean>;
  /**
   * Moves one member's cursor forward; another epoch voids the room's cursors.
   *
   * @returns false when it was there or further already
   * @throws as `claim`
   */
  advance(receipt: ReceiptAdvance): Promise<boolean>;
  /** Every cursor of the room in that epoch. @throws as `claim` */
  cursors(room: string, epoch: string): Promise<readonly ReceiptCursor[]>;
  close(): Promise<void>;
}
