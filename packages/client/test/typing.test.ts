import { createManualClock } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { createTyping } from '../src/typing.js';

describe('typing', () => {
  test('sends at most every 3 s while keys are pressed and ends by itself 5 s after the last', async () => {
    const clock = createManualClock();
    const sent: [number, boolean][] = [];
    const begin = clock.now();
    const typing = createTyping(clock, (isTyping) => sent.push([clock.now() - begin, isTyping]) > 0);
    for (let n = 0; n < 8; n++) {
      typing.start();
      await clock.advance(500);
    }
    await clock.advance(10_000);
    expect(sent).toEqual([
      [0, true],
      [3_000, true],
      [8_500, false],
    ]);
  });

  test('leaves no timer behind that would hold a process', async () => {
    const clock = createManualClock();
    const typing = createTyping(clock, () => true);
    typing.start();
    typing.heard('ann', true);
    typing.reset();
    expect([clock.pending, typing.users]).toEqual([0, []]);
  });

  test('forgets a typist who is not heard of for 7 s', async () => {
    const clock = createManualClock();
    const typing = createTyping(clock, () => true);
    const seen: (readonly string[])[] = [];
    typing.on((users) => seen.push(users));
    typing.heard('ann', true);
    await clock.advance(5_000);
    typing.heard('ann', true);
    typing.heard('bob', true);
    typing.heard('bob', false);
    await clock.advance(6_999);
    expect(typing.users).toEqual(['ann']);
    await clock.advance(1);
    expect(seen).toEqual([['ann'], ['ann', 'bob'], ['ann'], []]);
  });
});
