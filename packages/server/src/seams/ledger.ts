import type { ReceiptCursor, ReceiptKind } from '@trunkline/protocol';

/** What became of a claim. `settled`: the remembered result, as given to `settle`. */
export type Claim =
  | { readonly status: 'claimed' }
  | { readonly status: 'running'; readonly nodeId: string }
  | { readonly status: 'settled'; readonly result: unknown };

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
   * Atomic: one caller of a key gets `claimed` until it is settled, released, or `ttlMs` has passed.
   *
   * @throws {TrunklineError} `unavailable`
   */
  claim(key: string, ttlMs: number): Claim | Promise<Claim>;
  /** Remembers the result for `ttlMs` and tells who waits, on every node. The last one wins. @throws as `claim` */
  settle(key: string, result: unknown, ttlMs: number): void | Promise<void>;
  /** Forgets a claim that nobody may attach to. Idempotent. @throws as `claim` */
  release(key: string): Promise<void>;
  /**
   * The result of a key that runs on any node, when it settles; at once when it has. The caller bounds the wait by
   * `signal`.
   *
   * @throws {TrunklineError} `cancelled` when `signal` fired; `unknown_outcome` when the key was released, has run out, or
   * its node died
   */
  settled(key: string, signal: AbortSignal): Promise<unknown>;
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
