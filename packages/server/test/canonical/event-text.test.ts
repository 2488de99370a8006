import { describe, expect, it } from 'vitest';
import { endingWith, wordEvent } from '../../src/canonical/event-text.js';
import type { EventNotice } from '../../src/seams/notice.js';

const plain: EventNotice = {
  type: 'event',
  room: 'lobby:main',
  event: 'message',
  id: '3f8e9c1e-0000-4000-8000-000000000001',
  from: { userId: 'ada', connectionId: 'c1' },
  data: { text: 'hi' },
  timestamp: 1_700_000_000_000,
};

/** `ref` is last. */
function asJson({ type, room, event, id, ref, offset, epoch, provisional, from, data, timestamp }: EventNotice) {
  return JSON.stringify({ type, room, event, id, offset, epoch, provisional, from, data, timestamp, ref });
}

describe('the text of an event', () => {
  it.each<[string, Partial<EventNotice>]>([
    ['an ephemeral event', {}],
    ['a durable one', { offset: 7, epoch: 'e-1' }],
    ['a provisional one', { provisional: true }],
    ["the sender's own copy", { ref: 'p1', offset: 0, epoch: 'e' }],
    ['quotes and backslashes anywhere', { event: 'a"b', id: '\\', ref: '"', epoch: '\n', offset: 1, room: 'x:"' }],
    ['names beyond ASCII', { event: 'größe', from: { userId: 'Zoë "Z"', connectionId: '\u2028' } }],
    ['lone surrogates', { event: '\ud800', from: { userId: '\udfff', connectionId: 'c' } }],
    ['a user without a connection', { from: { userId: 'a"da' } }],
    ['a service', { from: { service: 'bill"ing' } }],
    ['any data', { data: [null, 'a"b', { deep: [1.5, true, 'ü'] }] }],
    ['no text at all', { event: '', from: { userId: '', connectionId: '' } }],
  ])('is what JSON.stringify makes of %s', (_, fields) => {
    const notice = { ...plain, ...fields };
    expect(wordEvent(notice)).toBe(asJson(notice));
  });

  it("is the sender's with another ending", () => {
    for (const ref of ['p1', '"', 'größe']) {
      const others = wordEvent(plain);
      expect(`${others.slice(0, -1)}${endingWith(ref)}`).toBe(wordEvent({ ...plain, ref }));
    }
  });
});
