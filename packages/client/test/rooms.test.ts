import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { joinLobby } from './support/join-lobby.js';
import { settle } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { POSITION, startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

describe('rooms', () => {
  test('two components share one join, and the room is left with the last of them (partykit #336)', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const joins = [room.join(), client.room('lobby:main').join()];
    const peer = await script.connection();
    expect((await peer.welcome()).rooms).toEqual([{ room: 'lobby:main' }]);
    peer.joined('lobby:main', POSITION);
    await Promise.all(joins);
    await room.leave();
    // StrictMode takes a component down and puts it up again in one go.
    const down = room.leave();
    const up = room.join();
    await Promise.all([down, up]);
    expect(room.status).toBe('joined');
    const left = room.leave();
    const { id } = await peer.next('leave');
    peer.send({ type: 'response', id, data: null });
    await left;
    expect([room.status, peer.seen.map(({ type }) => type)]).toEqual(['out', ['hello', 'leave']]);
  });

  test('what is wanted of a room while it is being left is had after it', async () => {
    await using lobby = await joinLobby();
    const { room, peer } = lobby;
    const left = room.leave();
    const { id } = await peer.next('leave');
    const given = settle(room.join());
    const leftAgain = room.leave();
    expect(await given).toBe('cancelled');
    const again = room.join({ rewind: 3 });
    room.presence.set('back');
    const member = { userId: 'u2', connectionIds: ['c_2'], state: null };
    peer.send({ type: 'presence', room: 'lobby:main', version: 9, change: 'join', member });
    peer.send({ type: 'response', id, data: null });
    await Promise.all([left, leftAgain]);
    expect(await peer.next('join')).toMatchObject({ room: 'lobby:main', rewind: 3 });
    expect(room.presence.members).toEqual([]);
    peer.joined('lobby:main', POSITION);
    await again;
    expect(await peer.next('presence')).toMatchObject({ state: 'back' });
    expect(peer.seen.filter(({ type }) => type === 'leave')).toHaveLength(1);
  });

  test('a refused join says why, and the room is not asked for again', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    expect(await settle(client.room('booking', 'not-mine').join())).toBe('forbidden');
    expect(await settle(client.room('nowhere' as 'lobby', 'x').join())).toBe('unknown_room_kind');
    expect(client.explain().rooms.every(({ status }) => status === 'out')).toBe(true);
  });

  test('a room refused for now is asked for again; one taken away is told', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const room = client.room('lobby', 'main');
    const lefts: unknown[] = [];
    room.onLeft((left) => lefts.push(left));
    const joined = room.join();
    const peer = await script.connection();
    const { id } = await peer.welcome();
    peer.send({ type: 'error', id, code: 'unavailable', message: '', retryable: true, path: 'rooms.0' });
    await peer.next('join');
    peer.joined('lobby:main', { epoch: 'e1', offset: 7, lastId: 'ev-7' });
    await joined;
    peer.send({ type: 'left', room: 'lobby:main', reason: 'authorisation_stale', retryable: true });
    expect((await peer.next('join')).position).toMatchObject({ offset: 7 });
    peer.joined('lobby:main', { epoch: 'e1', offset: 7, lastId: 'ev-7' }, { recovered: true });
    peer.send({ type: 'left', room: 'lobby:main', reason: 'relation_removed', retryable: false });
    await eventually(() => room.status === 'refused');
    expect(lefts).toEqual([
      { room: 'lobby:main', reason: 'authorisation_stale', retryable: true },
      { room: 'lobby:main', reason: 'relation_removed', retryable: false },
    ]);
  });

  test('history and live events together have no hole and no double', async () => {
    await using server = await startServer();
    const publish = (text: string) =>
      server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text }, from: { service: 'test' } });
    for (let n = 0; n < 7; n++) await publish(`${n}`);
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const room = client.room('lobby', 'main');
    const live: string[] = [];
    room.on('message', ({ data }) => live.push(data.text));
    await room.join({ rewind: 2 });
    await publish('7');
    await eventually(() => live.length === 3);
    let page = await room.history({ limit: 3 });
    const older: string[] = [];
    for (let next: typeof page | null = page; next; next = await next.older()) {
      page = next;
      older.unshift(...page.events.flatMap((event) => (event.event === 'message' ? [event.data.text] : [])));
    }
    expect([...older, ...live]).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });
});
