import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { joinLobby } from './support/join-lobby.js';
import { settle } from './support/observe-client.js';
import { openClient } from './support/open-client.js';
import { POSITION, startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

describe('the events of a room', () => {
  test('events() gives every event in order, ends with its signal, and tells a reader who falls too far behind', async () => {
    await using server = await startServer({ limits: { messagesPerSecond: 100_000, messageBurst: 100_000 } });
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const room = client.room('lobby', 'main');
    const controller = new AbortController();
    const slow = room.events();
    const reader = (async () => {
      const texts: unknown[] = [];
      for await (const { data } of room.events({ signal: controller.signal })) {
        texts.push(data.text);
        if (texts.length === 3) controller.abort();
      }
      return texts;
    })();
    await room.join();
    for (let n = 0; n < 1_002; n++)
      await server.hub.publish({
        rooms: ['lobby:main'],
        event: 'message',
        data: { text: `${n}` },
        from: { service: 'test' },
      });
    expect(await reader).toEqual(['0', '1', '2']);
    await eventually(() => room.position?.offset === 1_002);
    for (let n = 0; n < 1_000; n++) await slow.next();
    expect(await settle(slow.next())).toBe('queue_full');
  });

  test('events(): each of several next() gets an event, and close() ends them all', async () => {
    await using lobby = await joinLobby();
    const { client, room, peer } = lobby;
    const events = room.events();
    const reader = room.events();
    const reading = (async () => {
      const ids: string[] = [];
      for await (const { id } of reader) ids.push(id);
      return ids;
    })();
    const asked = [events.next(), events.next(), events.next()];
    for (const offset of [1, 2])
      peer.send({
        type: 'event',
        room: 'lobby:main',
        event: 'message',
        id: `ev-${offset}`,
        offset,
        epoch: POSITION.epoch,
        from: { userId: 'bob' },
        data: { text: 'x' },
        timestamp: 0,
      });
    expect((await Promise.all(asked.slice(0, 2))).map(({ value }) => value.id)).toEqual(['ev-1', 'ev-2']);
    await client.close();
    expect([await asked[2], await events.next(), await reading]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
      ['ev-1', 'ev-2'],
    ]);
  });

  test.each([
    ['empty', '', 'invalid_frame'],
    ['missing', undefined, 'invalid_room'],
    ['a number', 42, 'invalid_room'],
    ['of 234 characters', 'lobby:'.padEnd(234, 'x'), 'invalid_frame'],
  ])('a name that is %s is refused alone, and the client connects', async (_, name, code) => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: await server.token('ann') });
    const rooms = [client.room(name as 'lobby:x'), client.room('lobby', 'main')];
    expect(await Promise.all(rooms.map((room) => settle(room.join())))).toMatchObject([code, { room: 'lobby:main' }]);
  });

  test('a name as long as its kind allows is joined', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: await server.token('ann') });
    await client.room('lobby', 'x'.repeat(200)).join();
  });

  test.each([-1, 1.5, Number.NaN, Infinity])(
    'a rewind of %s is refused to the caller, and harms no other room',
    async (rewind) => {
      await using script = await startScript();
      await using client = openClient({ url: script.url });
      const refused = settle(client.room('lobby', 'bad').join({ rewind }));
      const joining = client.room('lobby', 'main').join({ rewind: 2 });
      const peer = await script.connection();
      expect((await peer.welcome()).rooms).toEqual([{ room: 'lobby:main', rewind: 2 }]);
      peer.joined('lobby:main', POSITION);
      await joining;
      expect([await refused, client.room('lobby', 'bad').status]).toEqual(['invalid_frame', 'out']);
    },
  );
});
