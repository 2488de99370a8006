/** By token id, by subject, or by subject for tokens issued before a moment (milliseconds). `expiresAt`: when it may be forgotten. */
export type Revocation =
  | { readonly tokenId: string; readonly expiresAt?: number }
  | { readonly userId: string; readonly issuedBefore?: number; readonly expiresAt?: number };

/** What ends sessions on every node: tokens that are refused from now on, and a user's connections up to a moment (milliseconds since 1970). */
export type SessionEnd =
  | { readonly type: 'revoke'; readonly revocation: Revocation }
  | { readonly type: 'disconnect'; readonly userId: string; readonly at: number };

/**
 * Remembers what was revoked, so that a node that starts, or was away when it was said, acts on it before anything else.
 * The hub also tells the nodes of each at once; a store is the truth behind that hint.
 */
export interface RevocationStore {
  /**
   * Once. Tells the listener all that is in force, then what is added on any node. Resolves when the first is done, or
   * when the store is away: then the listener hears it before this node's broker is connected again. The same end may
   * be told more than once.
   */
  start(listener: (end: SessionEnd) => void): Promise<void>;
  /**
   * Kept until its `expiresAt`; an end is never weakened by a later, narrower one.
   *
   * @returns false while the store is away: then it is kept here and added when the store is back. Never rejects.
   */
  add(end: SessionEnd): Promise<boolean>;
  close(): Promise<void>;
}
