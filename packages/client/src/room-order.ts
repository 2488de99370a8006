import type { Clock } from './clock.js';

/**
 * Keeps a room's publishes in order over refusals. The server refuses what follows a refused one; so after a refusal
 * nothing more goes to that room until everything under way has come back and the wait is over, and then oldest first.
 */
export interface RoomOrder {
  fly(rooms: readonly string[], by: 1 | -1): void;
  rest(rooms: readonly string[], waitMs: number): void;
  rests(room: string): boolean;
  /** Until the next rest ends, milliseconds; Infinity when time changes nothing. */
  restMs(): number;
  /** A new connection starts clean. */
  clear(): void;
}

export function createRoomOrder(clock: Clock): RoomOrder {
  const resting = new Map<string, number>();
  const underWay = new Map<string, number>();
  return {
    fly(rooms, by) {
      for (const room of rooms) {
        const count = (underWay.get(room) ?? 0) + by;
        if (count === 0) underWay.delete(room);
        else underWay.set(room, count);
      }
    },
    rest(rooms, waitMs) {
      for (const room of rooms) resting.set(room, Math.max(clock.now() + waitMs, resting.get(room) ?? 0));
    },
    rests(room) {
      const until = resting.get(room);
      if (until === undefined) return false;
      if (underWay.has(room) || clock.now() < until) return true;
      resting.delete(room);
      return false;
    },
    restMs() {
      const now = clock.now();
      return Math.min(...[...resting.values()].filter((until) => until > now)) - now;
    },
    clear: () => resting.clear(),
  };
}
