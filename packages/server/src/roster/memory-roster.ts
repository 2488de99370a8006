import type { Roster, RosterEntry, RosterRoom } from '../seams/roster.js';
import { RoomCounts } from './room-counts.js';
import { connectionOf, orderKey, PageFill, readCursor, writeCursor } from './roster-order.js';
import { SortedKeys } from './sorted-keys.js';

/** The roster of a single process. Pages are ordered by user and by room name; a cursor is the last one seen. */
export function createMemoryRoster(): Roster {
  const entries = new Map<string, RosterEntry>();
  const order = new SortedKeys();
  const rooms = new SortedKeys();
  const counts = new RoomCounts((room, count) => {
    if (count === 0) rooms.delete(room);
    else if (count === 1) rooms.add(room);
  });

  return {
    start: () => Promise.resolve(),
    set(entry) {
      const before = entries.get(entry.connectionId);
      if (before === undefined) order.add(orderKey(entry));
      entries.set(entry.connectionId, entry);
      counts.move(before?.rooms ?? [], entry.rooms);
    },
    remove(connectionId) {
      const entry = entries.get(connectionId);
      if (entry === undefined) return;
      entries.delete(connectionId);
      order.delete(orderKey(entry));
      counts.move(entry.rooms, []);
    },
    async connections({ cursor, limit, prefix = '' }) {
      const page = new PageFill(limit);
      let last = '';
      for (const key of order.after(readCursor(cursor)[0], prefix)) {
        if (page.isFull) return { items: page.items, next: writeCursor(last) };
        last = key;
        const entry = entries.get(connectionOf(key));
        if (entry) page.add(entry);
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
      for (const entry of entries.values()) counts.move(entry.rooms, []);
      entries.clear();
      order.clear();
      return Promise.resolve();
    },
  };
}
