import type { Roster, RosterEntry, RosterQuery, RosterRoom } from '../seams/roster.js';

/** The roster of a single process. Pages are ordered by connection id and by room name; a cursor is the last one seen. */
export function createMemoryRoster(): Roster {
  const entries = new Map<string, RosterEntry>();

  return {
    start: () => Promise.resolve(),
    set(entry) {
      entries.set(entry.connectionId, entry);
    },
    remove(connectionId) {
      entries.delete(connectionId);
    },
    connections(query) {
      const wanted = [...entries.values()].filter(({ userId }) => userId.startsWith(query.prefix ?? ''));
      return Promise.resolve(pageOf(wanted, query, ({ connectionId }) => connectionId));
    },
    rooms(query) {
      const counts = new Map<string, number>();
      for (const entry of entries.values()) {
        for (const room of new Set(entry.rooms)) counts.set(room, (counts.get(room) ?? 0) + 1);
      }
      const wanted: RosterRoom[] = [];
      for (const [room, connections] of counts) {
        if (room.startsWith(query.prefix ?? '')) wanted.push({ room, connections });
      }
      return Promise.resolve(pageOf(wanted, query, ({ room }) => room));
    },
    count: () => Promise.resolve(entries.size),
    close() {
      entries.clear();
      return Promise.resolve();
    },
  };
}

function pageOf<T>(items: T[], { cursor, limit }: RosterQuery, keyOf: (item: T) => string) {
  const left = items
    .filter((item) => cursor === undefined || keyOf(item) > cursor)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = left.slice(0, Math.max(1, limit));
  const last = page[page.length - 1];
  return { items: page, next: left.length > page.length && last !== undefined ? keyOf(last) : null };
}
