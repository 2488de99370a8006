import { TrunklineError } from '@trunkline/protocol';
import type { Queue, QueueStatus } from './client-api.js';
import { createListeners } from './listeners.js';

/** Something that waits for the server. */
interface Entry {
  readonly bytes: number;
  readonly createdAt: number;
}

/** What may wait at once, counted over publishes and requests. */
export interface Budget extends Queue {
  fits(bytes: number): boolean;
  add(entry: Entry): void;
  remove(entry: Entry): void;
}

export function createBudget(limits: { readonly maxItems: number; readonly maxBytes: number }): Budget {
  const entries = new Set<Entry>();
  const changed = createListeners<[QueueStatus]>();
  let status: QueueStatus = { length: 0, bytes: 0, oldest: undefined };

  function touch(moreBytes: number): void {
    const [oldest] = entries;
    status = { length: entries.size, bytes: status.bytes + moreBytes, oldest: oldest?.createdAt };
    changed.emit(status);
  }
  return {
    get status() {
      return status;
    },
    on: changed.add,
    fits: (more) => entries.size < limits.maxItems && status.bytes + more <= limits.maxBytes,
    add(entry) {
      entries.add(entry);
      touch(entry.bytes);
    },
    remove(entry) {
      if (entries.delete(entry)) touch(-entry.bytes);
    },
  };
}

const encoder = new TextEncoder();

/** Bytes of a value as it travels. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value) ?? 'null').length;
}

export function queueFull(): TrunklineError {
  return new TrunklineError('queue_full', 'The queue is at its bound.');
}
