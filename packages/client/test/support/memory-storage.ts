import type { AsyncStorageLike } from '../../src/async-storage.js';
import type { Locks } from '../../src/storage/ownership.js';

export class MemoryStorage {
  readonly items = new Map<string, string>();
  get length() {
    return this.items.size;
  }
  key = (index: number) => [...this.items.keys()][index] ?? null;
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

/** Web Locks in one process. A page that dies drops its locks: `die` does that for all held now. */
export function createLocks(): Locks & { die(): void } {
  let held = new Map<string, Promise<unknown>>();
  return {
    die: () => {
      held = new Map();
    },
    async request(name, { ifAvailable }, run) {
      if (ifAvailable && held.has(name)) return await run(null);
      while (held.has(name)) await held.get(name);
      const mine = held;
      const work = Promise.resolve(run({}));
      mine.set(name, work);
      try {
        return await work;
      } finally {
        if (mine.get(name) === work) mine.delete(name);
      }
    },
  };
}

export function asAsync(memory: MemoryStorage): AsyncStorageLike {
  return {
    getAllKeys: async () => [...memory.items.keys()],
    getItem: async (key) => memory.getItem(key),
    setItem: async (key, value) => memory.setItem(key, value),
    removeItem: async (key) => memory.removeItem(key),
  };
}

export const ignored = (promise: Promise<unknown>) => void promise.catch(() => {});

export const stored = (memory: MemoryStorage) =>
  [...memory.items.keys()].filter((key) => key.includes('/publish/')).length;
