import { after } from '../clock.js';
import type { QueueStorageHost, StoredPublish, StoredQueue } from '../queue-storage.js';
import type { Ownership } from './ownership.js';
import { createPatientAsker, withPatience } from './patience.js';
import { isRow, type StoredRow } from './stored-row.js';

/** Rows by the publish id. */
export interface RowStore {
  /** Each is checked: a storage holds what anybody wrote into it; null where one went meanwhile. */
  list(): Promise<readonly unknown[]>;
  put(row: StoredRow): Promise<void>;
  remove(id: string): Promise<void>;
  close?(): void;
}

/** `shown`: it is in the queue, but still nobody's; only a client that can send it takes it over. */
type Written = 'shown' | 'writing' | 'unsent' | 'sent' | 'removing';

const ADOPT_EVERY_MS = 10_000;

/** The rules of a stored queue, over any rows and any way of knowing who lives. */
export function createStoredQueue(rows: RowStore, ownership: Ownership, host: QueueStorageHost): StoredQueue {
  const states = new Map<string, Written>();
  const labels = new Map<string, Pick<StoredRow, 'userId' | 'rank'>>();
  const ask = createPatientAsker(host.clock);
  let rank = 0;
  let closed = false;
  /** The adoption that may still act: one that waited too long may not. */
  let adoption = 0;
  let toldUnreadable = false;
  let cancel = () => {};
  let work: Promise<void> = Promise.resolve();

  /** One after another: a removal must not overtake the write it removes. */
  function queue(run: () => Promise<void>, then = () => {}): void {
    work = work.then(run).catch(host.failed).then(then);
  }
  function write(item: StoredPublish, sentAt: number | undefined): void {
    const { id } = item;
    states.set(id, 'writing');
    const { userId = host.userId(), rank: place } = labels.get(id) ?? { rank: rank++ };
    labels.set(id, { userId, rank: place });
    const row = { owner: ownership.id, userId, rank: place, item: plain(item, sentAt) };
    queue(
      () => ask(() => rows.put(row)),
      () => {
        if (states.get(id) !== 'writing') return;
        states.set(id, sentAt === undefined ? 'unsent' : 'sent');
        host.written();
      },
    );
  }

  /** What clients that are gone left, and this one may have as far as it knows. */
  async function left(): Promise<readonly StoredRow[]> {
    const me = host.userId();
    const found: StoredRow[] = [];
    const all = (await ask(rows.list)).filter((row) => row != null);
    const readable = all.filter(isRow);
    if (readable.length < all.length && !toldUnreadable) {
      toldUnreadable = true;
      host.failed(new TypeError('A stored publish can not be read.'));
    }
    for (const row of readable) {
      const { userId = me, item, owner } = row;
      const isForeign = me !== undefined && userId !== me;
      if (isForeign || (states.get(item.id) ?? 'shown') !== 'shown' || (await ownership.isAlive(owner))) continue;
      found.push(row);
    }
    return found.sort((one, other) => one.item.createdAt - other.item.createdAt || one.rank - other.rank);
  }
  async function look(mine: number): Promise<void> {
    const found = mine === adoption ? await left() : [];
    if (mine !== adoption || closed) return;
    const ids = new Set(found.map(({ item }) => item.id));
    for (const [id, state] of states) {
      if (state !== 'shown' || ids.has(id)) continue;
      states.delete(id);
      host.gone(id);
    }
    const fresh = found.filter(({ item }) => !states.has(item.id));
    for (const { item } of fresh) states.set(item.id, 'shown');
    if (fresh.length > 0) host.found(fresh.map(({ item }) => item));
    if (host.isOpen()) for (const row of found) if (!closed) await takeOver(row);
    host.written();
  }
  async function takeOver(row: StoredRow): Promise<void> {
    const { id, sentAt } = row.item;
    const userId = row.userId ?? host.userId();
    if (userId !== host.userId() || states.get(id) !== 'shown') return;
    try {
      await ask(() => rows.put({ ...row, owner: ownership.id, userId }));
    } catch (error) {
      // It costs the reload, not the message.
      host.failed(error);
    }
    // Settled meanwhile: its removal comes after this.
    if (states.get(id) !== 'shown') return;
    labels.set(id, { userId, rank: row.rank });
    states.set(id, sentAt === undefined ? 'unsent' : 'sent');
  }
  function adopt(): void {
    cancel();
    cancel = after(host.clock, ADOPT_EVERY_MS, adopt);
    queue(
      () => {
        const mine = ++adoption;
        return withPatience(
          host.clock,
          ownership.exclusively(() => look(mine)),
        );
      },
      () => {
        adoption++;
      },
    );
  }

  return {
    add: (item) => write(item, undefined),
    allows(item) {
      const state = states.get(item.id);
      if (state === 'unsent') write(item, host.clock.now());
      return state === 'sent';
    },
    remove(id) {
      states.set(id, 'removing');
      labels.delete(id);
      queue(async () => {
        await ask(() => rows.remove(id));
        if (states.get(id) === 'removing') states.delete(id);
      });
    },
    adopt,
    async close() {
      closed = true;
      cancel();
      await work;
      ownership.release();
      rows.close?.();
    },
  };
}

function plain(
  { id, rooms, event, data, createdAt, expiresAt, epoch }: StoredPublish,
  sentAt: number | undefined,
): StoredPublish {
  return { id, rooms, event, data, createdAt, expiresAt, epoch, sentAt };
}
