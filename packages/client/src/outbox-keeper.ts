import { jsonBytes } from './budget.js';
import { after, type Clock } from './clock.js';
import { type OutboxItem, restoreItem, storedForm } from './outbox-item.js';
import type { QueueStorage } from './queue-storage.js';

export interface KeeperParts {
  readonly storage: QueueStorage | undefined;
  readonly clock: Clock;
  readonly userId: () => string | undefined;
  readonly failed: (error: unknown) => void;
  /** Something was written: what waited for it may go. */
  readonly written: () => void;
  readonly found: (items: readonly OutboxItem[]) => void;
}

/** Keeps the outbox's items in the application's storage, if it has one. A storage that fails is told, and loses only the reload. */
export interface Keeper {
  add(item: OutboxItem): void;
  /** True when it may be sent: what is stored says so already, since after a crash only that is known. */
  allows(item: OutboxItem): boolean;
  remove(item: OutboxItem): void;
  /** Looks for what other lives of this application left, now and from time to time. */
  adopt(): void;
  close(): Promise<void>;
}

const ADOPT_EVERY_MS = 10_000;

export function createKeeper({ storage, clock, userId, failed, written, found }: KeeperParts): Keeper {
  let cancel = () => {};

  function write(item: OutboxItem, sentAt: number | undefined): void {
    item.stored = 'writing';
    const done = () => {
      if (item.stored === 'gone') return void storage?.remove(item.id).catch(failed);
      item.stored = sentAt === undefined ? 'unsent' : 'sent';
      written();
    };
    storage
      ?.put(storedForm(item, userId(), sentAt))
      .catch(failed)
      .then(done);
  }

  async function adopt(): Promise<void> {
    const me = userId();
    cancel();
    if (!storage || me === undefined) return;
    cancel = after(clock, ADOPT_EVERY_MS, adopt);
    try {
      const items = await storage.adopt(me);
      found(items.map((item) => restoreItem(item, jsonBytes(item.data))));
    } catch (error) {
      failed(error);
    }
  }

  return {
    add(item) {
      if (storage) write(item, undefined);
    },
    allows(item) {
      if (!storage || item.stored === 'sent') return true;
      if (item.stored === 'unsent') write(item, clock.now());
      return false;
    },
    remove(item) {
      const { stored } = item;
      item.stored = 'gone';
      if (stored === 'unsent' || stored === 'sent') storage?.remove(item.id).catch(failed);
    },
    adopt: () => void adopt(),
    async close() {
      cancel();
      await storage?.close().catch(failed);
    },
  };
}
