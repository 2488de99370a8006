import { createManualClock } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { createReceipts } from '../src/receipts.js';

describe('receipts', () => {
  test('reading is told once a second, at its furthest, and again after a lost connection', async () => {
    const clock = createManualClock();
    const told: [string, number][] = [];
    let answer: unknown = null;
    const receipts = createReceipts(
      clock,
      (kind, { offset }, done) => {
        told.push([kind, offset]);
        done(answer);
      },
      () => ({ epoch: 'e1', offset: 9, lastId: 'x' }),
    );
    for (const offset of [3, 5, 4]) receipts.move('read', offset);
    receipts.move('delivered');
    await clock.advance(1_000);
    expect(told).toEqual([
      ['read', 5],
      ['delivered', 9],
    ]);
    answer = {};
    receipts.joined();
    await clock.advance(1_000);
    receipts.joined();
    await clock.advance(5_000);
    expect(told.slice(2)).toEqual([
      ['read', 5],
      ['delivered', 9],
    ]);
  });

  test('cursors of another epoch are void', () => {
    const receipts = createReceipts(
      createManualClock(),
      () => {},
      () => undefined,
    );
    receipts.heard({ epoch: 'e1', cursors: [{ userId: 'a', read: 4 }] });
    receipts.heard({
      epoch: 'e1',
      cursors: [
        { userId: 'a', delivered: 6 },
        { userId: 'b', read: 1 },
      ],
    });
    expect(receipts.cursors).toEqual([
      { userId: 'a', read: 4, delivered: 6 },
      { userId: 'b', read: 1 },
    ]);
    receipts.heard({ epoch: 'e2', cursors: [{ userId: 'b', read: 2 }] });
    expect(receipts.cursors).toEqual([{ userId: 'b', read: 2 }]);
  });
});
