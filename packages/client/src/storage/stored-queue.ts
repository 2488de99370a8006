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

type Written = 'writing' | 'unsent' | 'sent';

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

  async function takeOver(me: string): Promise<void> {
    const found: StoredRow[] = [];
    for (const row of await rows.list()) {
      if ((row.userId ?? me) !== me || states.has(row.item.id) || (await ownership.isAlive(row.owner))) continue;
      await rows.put({ ...row, owner: ownership.id, userId: me });
      states.set(row.item.id, row.item.sentAt === undefined ? 'unsent' : 'sent');
      labels.set(row.item.id, { userId: me, rank: row.rank });
      found.push(row);
    }
    found.sort((one, other) => one.item.createdAt - other.item.createdAt || one.rank - other.rank);
    if (found.length > 0) host.found(found.map(({ item }) => item));
  }
  function adopt(): void {
    const me = host.userId();
    cancel();
    if (me === undefined) return;
    cancel = host.after(ADOPT_EVERY_MS, adopt);
    queue(() => ownership.exclusively(() => takeOver(me)));
  }

  return {
    add: (item) => write(item, undefined),
    allows(item) {
      const state = states.get(item.id);
      if (state === 'unsent') write(item, host.now());
      return state === 'sent';
    },
    remove(id) {
      states.delete(id);
      labels.delete(id);
      queue(() => rows.remove(id));
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
