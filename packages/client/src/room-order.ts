import type { Clock } from './clock.js';

/**
 * Keeps a room's publishes in order over refusals. The server refuses what follows a refused one; so after a refusal
 * nothing more goes to that room until everything under way has come back and the wait is over, and then oldest first.
 */
export interface RoomOrder {
  rest(rooms: readonly string[], waitMs: number): void;
  /** `flying`: rooms with something under way. */
  rests(room: string, flying: ReadonlySet<string>): boolean;
  /** Until the next rest ends, milliseconds; Infinity when time changes nothing. */
  restMs(): number;
  /** A new connection starts clean. */
  clear(): void;
}

export function createRoomOrder(clock: Clock): RoomOrder {
  const resting = new Map<string, number>();
  return {
    rest(rooms, waitMs) {
      for (const room of rooms) resting.set(room, Math.max(clock.now() + waitMs, resting.get(room) ?? 0));
    },
    rests(room, flying) {
      const until = resting.get(room) ?? 0;
      if (until > clock.now() || (until > 0 && flying.has(room))) return true;
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
