import type { TrunklineError } from '@trunkline/protocol';
import type { Published } from './client-api.js';

export interface QueueStatus {
  /** Publishes and requests that wait or are under way. */
  readonly length: number;
  readonly bytes: number;
  /** When the oldest was made, milliseconds since 1970. */
  readonly oldest: number | undefined;
}

/** A publish that waits or is under way; its id is the event's `ref`. */
export interface QueuedPublish {
  readonly id: string;
  readonly rooms: readonly string[];
  readonly event: string;
  readonly data: unknown;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface Queue {
  /** The same object until it changes. */
  readonly status: QueueStatus;
  /** The publishes in it, oldest first; after a reload, what was stored too. The same array until it changes. */
  readonly items: readonly QueuedPublish[];
  on(listener: (status: QueueStatus) => void): () => void;
}

export interface StoredOutcome {
  /** The publish id. */
  readonly id: string;
  readonly rooms: readonly string[];
  readonly event: string;
  readonly data: unknown;
  readonly result: Published | TrunklineError;
}
