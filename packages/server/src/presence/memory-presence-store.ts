import type { PresenceMember } from '@trunkline/protocol';
import type { PresenceChange, PresenceStore } from '../seams/presence-store.js';

/** A user in one room: connections with their states, in the order in which these were set; first those without one. */
type Connections = Map<string, unknown>;

interface PresenceRoom {
  version: number;
  readonly users: Map<string, Connections>;
  readonly userOf: Map<string, string>;
}

/** Empty rooms whose version is still known, so that the next change follows the snapshot a joiner has. */
const MAX_EMPTY_ROOMS = 10_000;

/** Presence of one process. Its own lease can not run out, so `renew` always answers `held` and `sweep` finds nothing. */
export function createMemoryPresenceStore(options: { readonly now?: () => number } = {}): PresenceStore {
  const now = options.now ?? Date.now;
  const rooms = new Map<string, PresenceRoom>();
  const roomsByUser = new Map<string, Set<string>>();
  const empty = new Set<string>();

  function keepEmpty(name: string): void {
    empty.add(name);
    if (empty.size <= MAX_EMPTY_ROOMS) return;
    for (const oldest of empty) {
      empty.delete(oldest);
      rooms.delete(oldest);
      return;
    }
  }

  function roomOf(name: string): PresenceRoom {
    let room = rooms.get(name);
    if (room === undefined) {
      // Empty rooms are forgotten in the end; starting at the clock keeps versions rising over their next life.
      room = { version: now(), users: new Map(), userOf: new Map() };
      rooms.set(name, room);
      keepEmpty(name);
    }
    return room;
  }

  function step(name: string, room: PresenceRoom, told: Omit<PresenceChange, 'room' | 'version'>): PresenceChange {
    room.version += 1;
    return { room: name, version: room.version, ...told };
  }

  function update(name: string, room: PresenceRoom, userId: string, connections: Connections): PresenceChange {
    const [connectionId] = lastOf(connections);
    return step(name, room, { change: 'update', member: memberOf(userId, connections), connectionId });
  }

  function removeFrom(name: string, room: PresenceRoom, connectionId: string): PresenceChange | null {
    const userId = room.userOf.get(connectionId);
    const connections = userId === undefined ? undefined : room.users.get(userId);
    if (userId === undefined || connections === undefined) return null;
    const { state } = memberOf(userId, connections);
    room.userOf.delete(connectionId);
    connections.delete(connectionId);
    if (connections.size > 0) return update(name, room, userId, connections);
    room.users.delete(userId);
    const userRooms = roomsByUser.get(userId);
    userRooms?.delete(name);
    if (userRooms?.size === 0) roomsByUser.delete(userId);
    const change = step(name, room, { change: 'leave', member: { userId, connectionIds: [], state }, connectionId });
    if (room.users.size === 0) keepEmpty(name);
    return change;
  }

  return {
    leaseMs: 10_000,
    start: () => Promise.resolve(),
    touch(name, { userId, connectionId, state }) {
      const room = roomOf(name);
      const connections = room.users.get(userId);
      if (connections === undefined) {
        const joined: Connections = new Map([[connectionId, state]]);
        room.users.set(userId, joined);
        empty.delete(name);
        room.userOf.set(connectionId, userId);
        const userRooms = roomsByUser.get(userId) ?? new Set();
        roomsByUser.set(userId, userRooms.add(name));
        return Promise.resolve(step(name, room, { change: 'join', member: memberOf(userId, joined), connectionId }));
      }
      const before = JSON.stringify(memberOf(userId, connections));
      const others = [...connections].filter(([id]) => id !== connectionId);
      const own = [connectionId, state] as const;
      const all = new Map(state === undefined ? [own, ...others] : [...others, own]);
      room.users.set(userId, all);
      room.userOf.set(connectionId, userId);
      if (JSON.stringify(memberOf(userId, all)) === before) return Promise.resolve(null);
      return Promise.resolve(update(name, room, userId, all));
    },
    remove(name, connectionId) {
      const room = rooms.get(name);
      return Promise.resolve(room === undefined ? null : removeFrom(name, room, connectionId));
    },
    list(name, above = -1) {
      const room = roomOf(name);
      room.version = Math.max(room.version, above + 1);
      const members = [...room.users].map(([userId, connections]) => memberOf(userId, connections));
      return Promise.resolve({ version: room.version, members });
    },
    roomsOf: (userId) => Promise.resolve([...(roomsByUser.get(userId) ?? [])]),
    renew: () => Promise.resolve('held'),
    entered: () => Promise.resolve(),
    sweep: () => Promise.resolve([]),
    close() {
      rooms.clear();
      empty.clear();
      roomsByUser.clear();
      return Promise.resolve();
    },
  };
}

function memberOf(userId: string, connections: Connections): PresenceMember {
  const [, state = null] = lastOf(connections);
  return { userId, connectionIds: [...connections.keys()].sort(), state };
}

function lastOf(connections: Connections): readonly [connectionId: string, state: unknown] {
  return [...connections].at(-1) ?? ['', null];
}
