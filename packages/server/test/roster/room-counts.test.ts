import { expect, it } from 'vitest';
import { RoomCounts } from '../../src/roster/room-counts.js';

it('follows connections from any rooms to any others', () => {
  const changed = new Map<string, number>();
  const counts = new RoomCounts((room, count) => void changed.set(room, count));
  const rooms = ['a', 'b', 'c', 'd'];
  // Every list of up to three of the four, in every order.
  const lists = [[], ...rooms.map((a) => [a])];
  for (const a of rooms) for (const b of rooms) if (a !== b) lists.push([a, b]);
  for (const [a, b] of lists.filter(({ length }) => length === 2))
    for (const c of rooms) if (a && b && c !== a && c !== b) lists.push([a, b, c]);
  counts.move([], rooms);
  for (const before of lists) {
    for (const now of lists) {
      counts.move([], before);
      counts.move(before, now);
      for (const room of rooms) {
        const expected = 1 + Number(now.includes(room));
        expect([before, now, room, counts.get(room)]).toEqual([before, now, room, expected]);
        if (before.includes(room) || now.includes(room)) expect(changed.get(room)).toBe(expected);
      }
      counts.move(now, []);
    }
  }
  expect(rooms.map((room) => counts.get(room))).toEqual([1, 1, 1, 1]);
});
