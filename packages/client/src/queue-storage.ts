/** A queued publish as it is kept across a reload. */
export interface StoredPublish {
  /** The publish id: sent again under it, it acts once. */
  readonly id: string;
  /** Whose message it is; another user's is left alone. Unknown before the first connection. */
  readonly userId?: string;
  readonly rooms: readonly string[];
  readonly event: string;
  readonly data: unknown;
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** Set before it is sent: from then on it may have acted. */
  readonly sentAt?: number;
  /** The epoch of its room when it was sent, if known. */
  readonly epoch?: string;
}

/** Where queued publishes survive the page. One object serves one client. */
export interface QueueStorage {
  /**
   * What clients that are gone left behind, oldest first; from now on it belongs to this one. Never what a living tab
   * still holds, and one tab at a time gets it. Items of another user stay where they are.
   */
  adopt(userId: string): Promise<readonly StoredPublish[]>;
  /** Adds it, or replaces the one with its id. */
  put(item: StoredPublish): Promise<void>;
  remove(id: string): Promise<void>;
  /** Lets others adopt what is still there. */
  close(): Promise<void>;
}
