import type { QueueStorage } from './queue-storage.js';
import { type LeaseStore, type Locks, ownByLease, ownByLock } from './storage/ownership.js';
import { createStoredQueue } from './storage/stored-queue.js';
import { parseRow } from './storage/stored-row.js';

export interface LocalStorageQueueOptions {
  /** Prefix of every key; queues of other names know nothing of each other. @default 'trunkline' */
  readonly name?: string | undefined;
  /** @default globalThis.localStorage */
  readonly storage?: (LeaseStore & { readonly length: number; key(index: number): string | null }) | undefined;
  /** How tabs agree who replays; null: a lease key in the storage. @default navigator.locks, where it exists */
  readonly locks?: Locks | null | undefined;
}

/** Keeps the queue in `localStorage`: small, in every browser, about 5 MB for the whole origin. */
export function localStorageQueue({
  name = 'trunkline',
  storage,
  locks = browserLocks(),
}: LocalStorageQueueOptions = {}): QueueStorage {
  const prefix = `${name}/publish/`;
  // Asked at each use: where it is denied, already the look at it throws.
  const at = () => storage ?? globalThis.localStorage;
  const store: LeaseStore = {
    getItem: (key) => at().getItem(key),
    setItem: (key, value) => at().setItem(key, value),
    removeItem: (key) => at().removeItem(key),
  };
  function keys(): string[] {
    const all = Array.from({ length: at().length }, (_, index) => at().key(index) ?? '');
    return all.filter((key) => key.startsWith(prefix));
  }
  return {
    open(host) {
      const { clock } = host;
      const ownership = locks ? ownByLock(locks, name) : ownByLease({ store, prefix: name, clock });
      return createStoredQueue(
        {
          list: async () => keys().map((key) => parseRow(store.getItem(key))),
          put: async (row) => store.setItem(prefix + row.item.id, JSON.stringify(row)),
          remove: async (id) => store.removeItem(prefix + id),
        },
        ownership,
        host,
      );
    },
  };
}

function browserLocks(): Locks | null {
  return (globalThis.navigator as Partial<Navigator> | undefined)?.locks ?? null;
}
