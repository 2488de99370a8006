import type { EventFrame } from '@trunkline/protocol';
import { describe, expect, test } from 'vitest';
import { createRecentIds } from '../src/recent-ids.js';
import { createRoomCursor } from '../src/room-cursor.js';

test('recent ids are bounded and forget the oldest', () => {
  const ids = createRecentIds(2);
  expect([...'abacadea'].map((id) => ids.add(id))).toEqual([true, true, false, true, false, true, true, true]);
});

describe('room cursor', () => {
  const event = (id: string, offset?: number, epoch = 'e1'): EventFrame => ({
    type: 'event',
    room: 'lobby:main',
    event: 'message',
    id,
    from: { userId: 'u1' },
    data: {},
    timestamp: 0,
    ...(offset !== undefined && { offset, epoch }),
  });

  test('moves with each event and drops what it has had', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 4, lastId: 'x' };
    expect([event('a', 5), event('a', 5), event('z', 3), event('b', 6)].map(cursor.judge)).toEqual([
      'deliver',
      'duplicate',
      'duplicate',
      'deliver',
    ]);
    expect(cursor.position).toEqual({ epoch: 'e1', offset: 6, lastId: 'b' });
  });

  test('shows a provisional event once, and takes its place when it comes again', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 0, lastId: '' };
    expect([event('a'), event('a', 1)].map(cursor.judge)).toEqual(['deliver', 'duplicate']);
    expect(cursor.position).toEqual({ epoch: 'e1', offset: 1, lastId: 'a' });
  });

  test('shows a retained event once however often the room is joined', () => {
    const cursor = createRoomCursor();
    expect([event('r'), event('r')].map(cursor.judge)).toEqual(['deliver', 'duplicate']);
  });

  test('takes an event of another epoch for a hole: nobody said what became of the one before', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 5, lastId: 'x' };
    expect([event('b', 2, 'e2'), event('c', 6, 'e2')].map(cursor.judge)).toEqual(['hole', 'hole']);
    expect(cursor.position).toEqual({ epoch: 'e1', offset: 5, lastId: 'x' });
  });

  test('sees a hole and stays before it', () => {
    const cursor = createRoomCursor();
    cursor.position = { epoch: 'e1', offset: 1, lastId: 'x' };
    expect(cursor.judge(event('c', 3))).toBe('hole');
    expect(cursor.position?.offset).toBe(1);
    expect([event('b', 2), event('c', 3)].map(cursor.judge)).toEqual(['deliver', 'deliver']);
  });
});
