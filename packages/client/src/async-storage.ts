import type { QueueStorage } from './queue-storage.js';
import { ownByProcess } from './storage/ownership.js';
import { createStoredQueue } from './storage/stored-queue.js';
import { parseRow } from './storage/stored-row.js';

/** What we use of React Native's AsyncStorage; anything of this shape will do. */
export interface AsyncStorageLike {
  getAllKeys(): Promise<readonly string[]>;
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
}

export interface AsyncStorageQueueOptions {
  /** Prefix of every key; queues of other names know nothing of each other. @default 'trunkline' */
  readonly name?: string | undefined;
}

/** Keeps the queue in a storage of React Native's shape, which one process uses. */
export function asyncStorageQueue(
  storage: AsyncStorageLike,
  { name = 'trunkline' }: AsyncStorageQueueOptions = {},
): QueueStorage {
  const prefix = `${name}/publish/`;
  return {
    open: (host) =>
      createStoredQueue(
        {
          async list() {
            const keys = (await storage.getAllKeys()).filter((key) => key.startsWith(prefix));
            return (await Promise.all(keys.map((key) => storage.getItem(key)))).map(parseRow);
          },
          put: async (row) => void (await storage.setItem(prefix + row.item.id, JSON.stringify(row))),
          remove: async (id) => void (await storage.removeItem(prefix + id)),
        },
        ownByProcess(),
        host,
      ),
  };
}
