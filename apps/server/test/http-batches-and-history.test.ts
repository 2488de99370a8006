import { describe, expect, it } from 'vitest';
import { message, room } from './http-room.js';
import { fieldsOf, startApi } from './start-api.js';

describe('POST /v1/events', () => {
  it('publishes each for itself and keeps the order within a room', async () => {
    await using server = await startApi();
    const events = ['a', 'b', 'c'].map((text) => ({ room: 'lobby:hall', ...message(text) }));
    const answer = await server.call('POST', '/v1/events', {
      as: server.tokens.service,
      body: { events: [...events, { room: 'lobby:hall', type: 'strange', data: {} }] },
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      results: [{ offset: 1 }, { offset: 2 }, { offset: 3 }, { error: { code: 'unknown_event', path: 'type' } }],
    });
  });

  it.each([
    { events: [] },
    { events: Array.from({ length: 101 }, () => ({ room: 'lobby:hall', ...message('x') })) },
    { events: [{ room: 'bad', ...message('x') }] },
  ])('refuses %#', async (body) => {
    await using server = await startApi();
    expect((await server.call('POST', '/v1/events', { as: server.tokens.service, body })).status).toBe(400);
    expect((await server.hub.history('lobby:hall', { limit: 10 })).entries).toHaveLength(0);
  });
});

it('POST /v1/events names the event whose room is none', async () => {
  await using server = await startApi();
  const body = {
    events: [
      { room: 'lobby:hall', ...message('x') },
      { room: 'bad', ...message('x') },
    ],
  };
  const answer = await server.call('POST', '/v1/events', { as: server.tokens.service, body });
  expect(await answer.json()).toMatchObject({ status: 400, code: 'invalid_room', path: 'events.1.room' });
});

describe('GET /v1/rooms/:room/events', () => {
  it('pages through the log, oldest first', async () => {
    await using server = await startApi();
    for (const text of ['a', 'b', 'c'])
      await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data: { text } });
    const all = await (await server.call('GET', `${room}/events`, { as: server.tokens.admin })).json();
    expect(all).toMatchObject({
      position: { offset: 3 },
      events: [{ type: 'message', room: 'lobby:hall', offset: 1, data: { text: 'a' } }, { offset: 2 }, { offset: 3 }],
    });
    const page = await fieldsOf(
      await server.call('GET', `${room}/events?after=1&limit=1`, { as: server.tokens.admin }),
    );
    expect(page.events).toMatchObject([{ data: { text: 'b' } }]);
  });

  it('ends a page early past 8 MiB, from where the reader stands', async () => {
    await using server = await startApi();
    const text = 'x'.repeat(1_000_000);
    for (let n = 0; n < 10; n++) await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data: { text } });
    const offsets = async (query: string) => {
      const page = await server.call('GET', `${room}/events?limit=1000${query}`, { as: server.tokens.admin });
      const { events } = (await page.json()) as { events: readonly { offset: number }[] };
      return events.map(({ offset }) => offset);
    };
    expect(await offsets('')).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await offsets('&before=3')).toEqual([1, 2]);
    expect(await offsets('&after=0')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await offsets('&after=8')).toEqual([9, 10]);
  });

  it('cuts a limit to what a page may hold', async () => {
    await using server = await startApi();
    await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data: { text: 'a' } });
    for (const limit of ['1001', '99999999', '9'.repeat(400)]) {
      const answer = await server.call('GET', `${room}/events?limit=${limit}`, { as: server.tokens.admin });
      expect((await fieldsOf(answer)).events).toHaveLength(1);
    }
  });

  it.each(['limit=0', 'limit=x', 'after=-1', 'after=1.5', 'after=1&before=2', 'after=99999999999999999999'])(
    'refuses ?%s',
    async (query) => {
      await using server = await startApi();
      const answer = await server.call('GET', `${room}/events?${query}`, { as: server.tokens.admin });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'invalid_data' });
    },
  );
});

it('DELETE /v1/rooms/:room purges the log', async () => {
  await using server = await startApi();
  await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data: { text: 'a' } });
  expect((await server.call('DELETE', room, { as: server.tokens.admin })).status).toBe(204);
  expect((await server.hub.history('lobby:hall', { limit: 10 })).entries).toHaveLength(0);
});
