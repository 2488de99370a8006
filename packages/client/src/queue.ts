import { createListeners } from './listeners.js';
import type { OutboxItem } from './outbox-item.js';
import type { Queue, QueuedPublish, QueueStatus } from './queue-api.js';

/** What waits for the server, publishes and requests, oldest first. */
export interface OutboxQueue extends Queue {
  readonly entries: Set<OutboxItem>;
  fits(bytes: number): boolean;
  /** The entries are others now. */
  changed(): void;
}

export function createQueue(limits: { readonly maxItems: number; readonly maxBytes: number }): OutboxQueue {
  const entries = new Set<OutboxItem>();
  const listeners = createListeners<QueueStatus>();
  let status: QueueStatus = { length: 0, bytes: 0, oldest: undefined };
  let items: readonly QueuedPublish[] | undefined;

  return {
    entries,
    get status() {
      return status;
    },
    get items() {
      items ??= [...entries].flatMap(({ frame, id, rooms, createdAt }) =>
        frame.type === 'publish' ? { ...frame, id, rooms, createdAt } : [],
      );
      return items;
    },
    on: listeners.add,
    fits: (more) => entries.size < limits.maxItems && status.bytes + more <= limits.maxBytes,
    changed() {
      const [oldest] = entries;
      let bytes = 0;
      for (const entry of entries) bytes += entry.bytes;
      status = { length: entries.size, bytes, oldest: oldest?.createdAt };
      items = undefined;
      listeners.emit(status);
    },
  };
}
