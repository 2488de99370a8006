import { TrunklineError } from '@trunkline/protocol';
import type { Queue, QueueStatus } from './client-api.js';
import { createListeners } from './listeners.js';

/** Something that waits for the server. */
export interface Entry {
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
  let bytes = 0;
  let status: QueueStatus | undefined = { length: 0, bytes: 0, oldest: undefined };

  function read(): QueueStatus {
    const [oldest] = entries;
    status ??= { length: entries.size, bytes, oldest: oldest?.createdAt };
    return status;
  }
  function touch(): void {
    status = undefined;
    if (changed.size > 0) changed.emit(read());
  }
  return {
    get status() {
      return read();
    },
    on: changed.add,
    fits: (more) => entries.size < limits.maxItems && bytes + more <= limits.maxBytes,
    add(entry) {
      entries.add(entry);
      bytes += entry.bytes;
      touch();
    },
    remove(entry) {
      if (!entries.delete(entry)) return;
      bytes -= entry.bytes;
      touch();
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
