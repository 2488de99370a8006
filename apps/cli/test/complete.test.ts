import { expect, test } from 'vitest';
import { complete } from '../src/repl/complete.js';

test.each([
  ['a command', 'pub', ['publish ']],
  ['a room one is in before the kinds', 'leave lob', ['lobby:main ', 'lobby:']],
  ["the room's events", 'publish booking:4 loc', ['location_update ']],
  ['an action', 'request e', ['echo ']],
  ['nothing after a room', 'join lobby:main 5', []],
])('tab completes %s', (_what, line, hits) => {
  expect(complete(line, ['lobby:main'])[0]).toEqual(hits);
});
