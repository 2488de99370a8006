import type { QueueStorage } from './queue-storage.js';
import { type Locks, ownByLock, ownByProcess } from './storage/ownership.js';
import { createStoredQueue } from './storage/stored-queue.js';

export interface IndexedDbQueueOptions {
  /** The database's name; queues of other names know nothing of each other. @default 'trunkline' */
  readonly name?: string | undefined;
  /** @default globalThis.indexedDB */
  readonly factory?: IDBFactory | undefined;
  /** How tabs agree who replays; null: this process alone uses it. @default navigator.locks, where it exists */
  readonly locks?: Locks | null | undefined;
}

const ROWS = 'publishes';

/** Keeps the queue in IndexedDB: large, off the main thread's way, also in workers. */
export function indexedDbQueue({
  name = 'trunkline',
  factory,
  locks = browserLocks(),
}: IndexedDbQueueOptions = {}): QueueStorage {
  return {
    open(host) {
      let database: Promise<IDBDatabase> | undefined;
      /** Anew after the browser closed it, as where its data was cleared; one that was denied is not asked for again. */
      const reach = () => {
        database ??= openDatabase(factory, name, () => {
          database = undefined;
        });
        return database;
      };
      reach().catch(host.failed);
      async function run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
        const transaction = (await reach()).transaction(ROWS, mode);
        const request = ask(transaction.objectStore(ROWS));
        await new Promise<void>((resolve, reject) => {
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error);
        });
        return request.result;
      }
      return createStoredQueue(
        {
          list: () => run<unknown[]>('readonly', (store) => store.getAll()),
          put: async (row) => void (await run('readwrite', (store) => store.put(row, row.item.id))),
          remove: async (id) => void (await run('readwrite', (store) => store.delete(id))),
          close: () =>
            void database?.then(
              (open) => open.close(),
              () => {},
            ),
        },
        locks ? ownByLock(locks, name) : ownByProcess(),
        host,
      );
    },
  };
}

/** @param gone it was open and is not any more */
function openDatabase(factory: IDBFactory | undefined, name: string, gone: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    // Where it is denied, already the look at it throws.
    const request = (factory ?? globalThis.indexedDB).open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(ROWS);
    request.onsuccess = () => {
      const { result } = request;
      result.onclose = gone;
      // Whoever deletes the database waits for us.
      result.onversionchange = () => {
        result.close();
        gone();
      };
      resolve(result);
    };
    request.onerror = () => reject(request.error);
  });
}

function browserLocks(): Locks | null {
  return (globalThis.navigator as Partial<Navigator> | undefined)?.locks ?? null;
}
