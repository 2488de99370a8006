import { connectRaw } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { startHub } from './start-hub.js';

async function startAnn() {
  const hub = await startHub();
  const ann = await connectRaw({ url: hub.url });
  await ann.hello({ token: await hub.token('ann') });
  return {
    ann,
    hub,
    async [Symbol.asyncDispose]() {
      await ann[Symbol.asyncDispose]();
      await hub[Symbol.asyncDispose]();
    },
  };
}

describe('a publish to several rooms', () => {
  const frame = { type: 'publish', id: 'p1', event: 'message', data: { text: 'all' } } as const;
  const rooms = ['lobby:a', 'booking:not-mine', 'lobby:b'];

  test('is acknowledged room by room, those that refuse it with their reason', async () => {
    await using started = await startAnn();
    const { ann } = started;
    for (const room of ['lobby:a', 'lobby:b']) await ann.join(room);
    ann.send({ ...frame, room: rooms });
    const ack = await ann.nextOf('ack');
    const error = { code: 'unknown_event', retryable: false };
    expect(ack).toMatchObject({ id: 'p1', rooms: [{ room: 'lobby:a', offset: 1 }, { error }, { offset: 1 }] });
    expect(ack.rooms?.map(({ room }) => room)).toEqual(rooms);
    const events = [await ann.nextOf('event'), await ann.nextOf('event')];
    expect(events.map(({ id, room }) => [id, room])).toEqual([
      [ack.eventId, 'lobby:a'],
      [ack.eventId, 'lobby:b'],
    ]);
  });

  test('is the same event when it is sent again, also in a room that did not have it', async () => {
    await using started = await startAnn();
    const { ann } = started;
    ann.send({ ...frame, room: ['lobby:a'] });
    const first = await ann.nextOf('ack');
    ann.send({ ...frame, room: ['lobby:a', 'lobby:b'] });
    expect(await ann.nextOf('ack')).toMatchObject({
      eventId: first.eventId,
      rooms: [
        { room: 'lobby:a', offset: 1, duplicate: true },
        { room: 'lobby:b', offset: 1 },
      ],
    });
    ann.send({ type: 'history', id: 'h1', room: 'lobby:b', limit: 5 });
    expect((await ann.nextOf('response')).data).toMatchObject({ events: [{ id: first.eventId, offset: 1 }] });
  });
});

test('an id that was answered may come again; one that is not yet is refused', async () => {
  await using started = await startAnn();
  const { ann } = started;
  for (const _ of [1, 2]) {
    ann.send({ type: 'history', id: 'h1', room: 'lobby:a', limit: 1 });
    expect(await ann.nextOf('response')).toMatchObject({ id: 'h1' });
  }
  ann.send({ type: 'history', id: 'h2', room: 'lobby:a', limit: 1 });
  ann.send({ type: 'history', id: 'h2', room: 'lobby:a', limit: 1 });
  expect(await ann.nextOf('error')).toMatchObject({ id: 'h2', code: 'duplicate_id' });
  expect(await ann.nextOf('response')).toMatchObject({ id: 'h2' });
});
