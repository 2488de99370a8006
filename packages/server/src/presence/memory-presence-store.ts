import type { PresenceMember } from '@trunkline/protocol';
import type { PresenceChange, PresenceStore } from '../seams/presence-store.js';

/** A user in one room: connections with their states; the map's order is the order of the last touch. */
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

  function step(name: string, room: PresenceRoom, change: Pick<PresenceChange, 'change' | 'member'>): PresenceChange {
    room.version += 1;
    return {
      room: name,
      version: room.version,
      ...change,
    };
  }

  function removeFrom(name: string, room: PresenceRoom, connectionId: string): PresenceChange | null {
    const userId = room.userOf.get(connectionId);
    const connections = userId === undefined ? undefined : room.users.get(userId);
    if (userId === undefined || connections === undefined) return null;
    const before = memberOf(userId, connections);
    room.userOf.delete(connectionId);
    connections.delete(connectionId);
    if (connections.size > 0) return step(name, room, { change: 'update', member: memberOf(userId, connections) });
    room.users.delete(userId);
    const userRooms = roomsByUser.get(userId);
    userRooms?.delete(name);
    if (userRooms?.size === 0) roomsByUser.delete(userId);
    const change = step(name, room, { change: 'leave', member: before });
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
        return Promise.resolve(step(name, room, { change: 'join', member: memberOf(userId, joined) }));
      }
      const before = JSON.stringify(memberOf(userId, connections));
      connections.delete(connectionId);
      connections.set(connectionId, state);
      room.userOf.set(connectionId, userId);
      const member = memberOf(userId, connections);
      if (JSON.stringify(member) === before) return Promise.resolve(null);
      return Promise.resolve(step(name, room, { change: 'update', member }));
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
  let state: unknown = null;
  for (const last of connections.values()) state = last;
  return { userId, connectionIds: [...connections.keys()].sort(), state };
}
