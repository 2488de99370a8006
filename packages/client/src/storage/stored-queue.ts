import { after } from '../clock.js';
import type { QueueStorageHost, StoredPublish, StoredQueue } from '../queue-storage.js';
import type { Ownership } from './ownership.js';

/** One row: a publish, whose client holds it, and whose message it is. */
export interface StoredRow {
  readonly owner: string;
  readonly userId: string | undefined;
  /** Among those made in the same millisecond. */
  readonly rank: number;
  readonly item: StoredPublish;
}

/** Rows by the publish id. */
export interface RowStore {
  list(): Promise<readonly StoredRow[]>;
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
  let rank = 0;
  let cancel = () => {};
  let work: Promise<void> = Promise.resolve();

  /** One after another: a removal must not overtake the write it removes. */
  function queue(run: () => Promise<void>): void {
    work = work.then(run).catch(host.failed);
  }
  function write(item: StoredPublish, sentAt: number | undefined): void {
    const { id } = item;
    states.set(id, 'writing');
    const { userId = host.userId(), rank: place } = labels.get(id) ?? { rank: rank++ };
    labels.set(id, { userId, rank: place });
    queue(() => rows.put({ owner: ownership.id, userId, rank: place, item: plain(item, sentAt) }));
    queue(async () => {
      if (states.get(id) !== 'writing') return;
      states.set(id, sentAt === undefined ? 'unsent' : 'sent');
      host.written();
    });
  }

  /** What clients that are gone left, and this one may have as far as it knows. */
  async function left(): Promise<readonly StoredRow[]> {
    const me = host.userId();
    const found: StoredRow[] = [];
    for (const row of await rows.list()) {
      const { userId = me, item, owner } = row;
      const isForeign = me !== undefined && userId !== me;
      if (isForeign || (states.get(item.id) ?? 'shown') !== 'shown' || (await ownership.isAlive(owner))) continue;
      found.push(row);
    }
    return found.sort((one, other) => one.item.createdAt - other.item.createdAt || one.rank - other.rank);
  }
  async function look(): Promise<void> {
    const found = await left();
    const ids = new Set(found.map(({ item }) => item.id));
    for (const [id, state] of states) {
      if (state !== 'shown' || ids.has(id)) continue;
      states.delete(id);
      host.gone(id);
    }
    const fresh = found.filter(({ item }) => !states.has(item.id));
    for (const { item } of fresh) states.set(item.id, 'shown');
    if (fresh.length > 0) host.found(fresh.map(({ item }) => item));
    if (host.isOpen()) for (const row of found) await takeOver(row);
    host.written();
  }
  async function takeOver(row: StoredRow): Promise<void> {
    const { id, sentAt } = row.item;
    const userId = row.userId ?? host.userId();
    if (userId !== host.userId() || states.get(id) !== 'shown') return;
    await rows.put({ ...row, owner: ownership.id, userId });
    // Settled meanwhile: its removal comes after this.
    if (states.get(id) !== 'shown') return;
    labels.set(id, { userId, rank: row.rank });
    states.set(id, sentAt === undefined ? 'unsent' : 'sent');
  }
  function adopt(): void {
    cancel();
    cancel = after(host.clock, ADOPT_EVERY_MS, adopt);
    queue(() => ownership.exclusively(look));
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
        await rows.remove(id);
        if (states.get(id) === 'removing') states.delete(id);
      });
    },
    adopt,
    async close() {
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
