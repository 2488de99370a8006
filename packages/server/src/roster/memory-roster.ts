import type { Roster, RosterEntry, RosterRoom } from '../seams/roster.js';
import { RoomCounts } from './room-counts.js';
import { orderKey, PageFill, readCursor, writeCursor } from './roster-order.js';
import { SortedList } from './sorted-list.js';

/** The roster of a single process. Pages are ordered by user and by room name; a cursor is the last one seen. */
export function createMemoryRoster(): Roster {
  const entries = new SortedList<RosterEntry>(orderKey);
  const rooms = new SortedList<string>((room) => room);
  const counts = new RoomCounts((room, count) => {
    if (count === 0) rooms.delete(room);
    else if (count === 1) rooms.set(room);
  });

  return {
    start: () => Promise.resolve(),
    set(entry) {
      const before = entries.set(entry);
      counts.move(before?.rooms ?? [], entry.rooms);
    },
    remove(connection) {
      const entry = entries.delete(orderKey(connection));
      counts.move(entry?.rooms ?? [], []);
    },
    async connections({ cursor, limit, prefix = '' }) {
      const page = new PageFill(limit);
      for (const entry of entries.after(readCursor(cursor)[0], prefix)) {
        const last = page.items.at(-1);
        if (last !== undefined && page.isFull) return { items: page.items, next: writeCursor(orderKey(last)) };
        page.add(entry);
      }
      return { items: page.items, next: null };
    },
    async rooms({ cursor, limit, prefix = '' }) {
      const items: RosterRoom[] = [];
      for (const room of rooms.after(readCursor(cursor)[0], prefix)) {
        if (items.length >= Math.max(1, limit)) return { items, next: writeCursor(items.at(-1)?.room ?? '') };
        items.push({ room, connections: counts.get(room) });
      }
      return { items, next: null };
    },
    count: () => Promise.resolve(entries.size),
    close() {
      for (const entry of entries.clear()) counts.move(entry.rooms, []);
      return Promise.resolve();
    },
  };
}
