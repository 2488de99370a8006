import { type AckFrame, TrunklineError } from '@trunkline/protocol';
import type { PublishedToMany } from './client-api.js';
import type { Deferred } from './deferred.js';
import type { StoredPublish } from './queue-storage.js';

/** One publish on its way to its ack. */
export interface OutboxItem {
  readonly id: string;
  readonly rooms: readonly string[];
  readonly event: string;
  readonly data: unknown;
  readonly bytes: number;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly conflate: string | undefined;
  /** Everyone who waits for it; several once a conflated one took the place of others. Empty: stored before a reload. */
  readonly waiters: Deferred<PublishedToMany>[];
  /** When it may first have acted; undefined while it certainly has not. */
  sentAt: number | undefined;
  /** The epoch of its room then, if known. */
  epoch: string | undefined;
  /** True: a try before this connection may have acted. */
  doubtful: boolean;
  inFlight: boolean;
  /** True: this connection holds later publishes to its rooms until it comes again or is skipped. */
  refused: boolean;
  refusals: number;
  /** What the storage holds; `sent` must be there before it goes. */
  stored: 'no' | 'writing' | 'unsent' | 'sent' | 'gone';
  release: () => void;
}

export type NewItem = Pick<
  OutboxItem,
  'id' | 'rooms' | 'event' | 'data' | 'bytes' | 'createdAt' | 'expiresAt' | 'conflate'
>;

export function createItem(fields: NewItem, waiters: Deferred<PublishedToMany>[]): OutboxItem {
  return {
    ...fields,
    waiters,
    sentAt: undefined,
    epoch: undefined,
    doubtful: false,
    inFlight: false,
    refused: false,
    refusals: 0,
    stored: 'no',
    release: () => {},
  };
}

/** An item of an earlier life of this application. */
export function restoreItem(stored: StoredPublish, bytes: number): OutboxItem {
  const { id, rooms, event, data, createdAt, expiresAt, sentAt, epoch } = stored;
  return {
    ...createItem({ id, rooms, event, data, bytes, createdAt, expiresAt, conflate: undefined }, []),
    sentAt,
    epoch,
    doubtful: sentAt !== undefined,
    stored: sentAt === undefined ? 'unsent' : 'sent',
  };
}

export function storedForm(item: OutboxItem, userId: string | undefined, sentAt: number | undefined): StoredPublish {
  const { id, rooms, event, data, createdAt, expiresAt, epoch } = item;
  return {
    id,
    rooms,
    event,
    data,
    createdAt,
    ...(userId !== undefined && { userId }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(sentAt !== undefined && { sentAt }),
    ...(epoch !== undefined && { epoch }),
  };
}

export function settle(item: OutboxItem, result: PublishedToMany | TrunklineError): void {
  for (const waiter of item.waiters) {
    if (result instanceof TrunklineError) waiter.reject(result);
    else waiter.resolve(result);
  }
}

/** True while certainly nothing of it happened. */
export function isUnsent(item: OutboxItem): boolean {
  return item.sentAt === undefined && !item.inFlight;
}

/** The ack as the application gets it; a retryable refusal of one room as that refusal. */
export function readAck(ack: AckFrame): PublishedToMany | TrunklineError {
  const again = ack.rooms?.find(({ error }) => error?.retryable)?.error;
  if (again) return TrunklineError.from(again);
  return {
    id: ack.eventId,
    epoch: ack.epoch,
    offset: ack.offset,
    duplicate: ack.duplicate === true,
    rooms: (ack.rooms ?? []).map(({ room, epoch, offset, error }) => ({
      room,
      ...(epoch !== undefined && { epoch }),
      ...(offset !== undefined && { offset }),
      ...(error && { error: TrunklineError.from(error) }),
    })),
  };
}
