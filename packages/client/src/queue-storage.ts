import type { Clock } from './clock.js';

/** A queued publish as it is kept across a reload. */
export interface StoredPublish {
  /** The publish id: sent again under it, it acts once. */
  readonly id: string;
  readonly rooms: readonly string[];
  readonly event: string;
  readonly data: unknown;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  /** Set before it is sent: from then on it may have acted. */
  readonly sentAt?: number | undefined;
  /** The epoch of its room when it was sent, if known. */
  readonly epoch?: string | undefined;
}

/** What a storage needs of the client that uses it. */
export interface QueueStorageHost {
  readonly clock: Clock;
  /** Whose messages these are. Undefined before the first connection. */
  userId(): string | undefined;
  /** True while it can send; only then it takes over what others left. */
  isOpen(): boolean;
  /** What clients that are gone left behind, oldest first. It is shown, and sent once `allows` says so. */
  found(items: readonly StoredPublish[]): void;
  /** What was found is not this client's after all: another one sent it, or it is another user's. */
  gone(id: string): void;
  /** Something was written: what waited for it may go. */
  written(): void;
  /** Told and lived with: a storage that fails costs the reload, not the message. */
  failed(error: unknown): void;
}

/** The stored queue of one client. */
export interface StoredQueue {
  add(item: StoredPublish): void;
  /** True when it may be sent: what is stored says so already, since after a crash only that is known. */
  allows(item: StoredPublish): boolean;
  remove(id: string): void;
  /** Looks for what others left, now and from time to time. One tab at a time gets it, and never what a living tab still holds. */
  adopt(): void;
  /** Resolves when all is written; others may adopt what is still there. */
  close(): Promise<void>;
}

/** Where queued publishes survive the page; made by `/local-storage`, `/indexed-db` or `/async-storage`. */
export interface QueueStorage {
  open(host: QueueStorageHost): StoredQueue;
}
