import { eventually, startFaultProxy } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { joinLobby } from './support/join-lobby.js';
import { statuses } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { POSITION } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('presence, typing and receipts', () => {
  test('presence survives a refresh and a reconnect without a flap (InsForge #100, phoenix #2255)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    await using ann = openClient({ ...QUICK, url: server.url, token: () => server.token('ann') });
    await using bob = openClient({ ...QUICK, url: urlOf(proxy.port), token: () => server.token('bob', 2) });
    const room = ann.room('lobby', 'main');
    await room.join();
    await bob.room('lobby', 'main').join();
    bob.room('lobby', 'main').presence.set({ mood: 'fine' });
    await eventually(() => room.presence.members.find(({ userId, state }) => userId === 'bob' && state !== null));
    const diffs: unknown[] = [];
    room.presence.on(({ joined, left }) => diffs.push(...joined, ...left));
    const seen = statuses(bob);
    proxy.rstAll();
    await eventually(() => seen.some(({ status }) => status === 'open'));
    await eventually(() =>
      room.presence.members.find(
        ({ userId, connectionIds, state }) =>
          userId === 'bob' && state !== null && connectionIds.includes(bob.connectionId ?? ''),
      ),
    );
    // The token of 2 s is renewed meanwhile, in place.
    await server.hub.history('lobby:main', { limit: 1 });
    expect(diffs).toEqual([]);
    expect(room.presence.members.find(({ userId }) => userId === 'bob')?.state).toEqual({ mood: 'fine' });
  });

  test('typing and receipts reach the others', async () => {
    await using server = await startServer();
    await using ann = openClient({ url: server.url, token: () => server.token('ann') });
    await using bob = openClient({ url: server.url, token: () => server.token('bob') });
    const here = ann.room('lobby', 'main');
    const there = bob.room('lobby', 'main');
    await Promise.all([here.join(), there.join()]);
    there.typing.start();
    await eventually(() => here.typing.users.includes('bob'));
    there.typing.stop();
    await eventually(() => here.typing.users.length === 0);
    await here.publish('message', { text: 'read me' });
    await eventually(() => there.position?.offset === 1);
    there.read();
    await eventually(() => here.receipts.cursors.find(({ userId, read }) => userId === 'bob' && read === 1));
    expect(await here.receiptCounts(1)).toMatchObject({ delivered: 1, read: 1 });
    await expect(ann.room('lobby', 'other').receiptCounts(1)).rejects.toMatchObject({ code: 'not_joined' });
    expect(there.typing.users).toEqual([]);
  });

  test('with the epoch its receipts go: nobody has read what comes in the next one', async () => {
    await using lobby = await joinLobby();
    const { room, peer } = lobby;
    const told: number[] = [];
    room.receipts.on((cursors) => told.push(cursors.length));
    peer.send({ type: 'receipt', room: 'lobby:main', epoch: 'e1', cursors: [{ userId: 'u2', read: 15 }] });
    await eventually(() => room.receipts.cursors.length === 1);
    const position = { epoch: 'e2', offset: 0, lastId: '' };
    peer.send({ type: 'gap', room: 'lobby:main', reason: 'purged', from: POSITION, position });
    await eventually(() => room.position?.epoch === 'e2');
    expect([room.receipts.cursors, told]).toEqual([[], [1, 0]]);
  });
});
