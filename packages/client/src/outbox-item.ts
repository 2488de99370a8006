import { type AckFrame, TrunklineError } from '@trunkline/protocol';
import type { PublishedToMany } from './client-api.js';
import type { Deferred } from './deferred.js';
import type { StoredPublish } from './queue-storage.js';

/** One publish on its way to its ack. */
export interface OutboxItem extends StoredPublish {
  readonly bytes: number;
  readonly conflate: string | undefined;
  /** Everyone who waits for it; several once a conflated one took the place of others. Empty: stored before a reload. */
  readonly waiters: readonly Deferred<PublishedToMany>[];
  /** When it may first have acted; undefined while it certainly has not. */
  sentAt: number | undefined;
  /** The epoch of its room then, if known. */
  epoch: string | undefined;
  /** True: a try before this connection may have acted. */
  doubtful: boolean;
  inFlight: boolean;
  /** True: this connection holds later publishes to its rooms until it comes again or is skipped. */
  refused: boolean;
  failures: number;
  release: () => void;
}

export function createItem(
  stored: StoredPublish,
  bytes: number,
  waiters: readonly Deferred<PublishedToMany>[],
  conflate?: string,
): OutboxItem {
  const { sentAt, epoch } = stored;
  return {
    ...stored,
    sentAt,
    epoch,
    bytes,
    conflate,
    waiters,
    doubtful: sentAt !== undefined,
    inFlight: false,
    refused: false,
    failures: 0,
    release: () => {},
  };
}

/** True while certainly nothing of it happened. */
export function isUnsent({ sentAt }: OutboxItem): boolean {
  return sentAt === undefined;
}

/** The ack as the application gets it; a retryable refusal of one room as that refusal. */
export function readAck({
  eventId: id,
  epoch,
  offset,
  duplicate,
  rooms = [],
}: AckFrame): PublishedToMany | TrunklineError {
  const again = rooms.find(({ error }) => error?.retryable)?.error;
  if (again) return TrunklineError.from(again);
  return {
    id,
    epoch,
    offset,
    duplicate: duplicate === true,
    rooms: rooms.map((room) => ({ ...room, error: room.error && TrunklineError.from(room.error) })),
  };
}
