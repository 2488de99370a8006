import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { eventually, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { settle, statuses } from './support/observe-client.js';
import { openClient, QUICK, type TestClient } from './support/open-client.js';
import { POSITION, startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('reconnecting', () => {
  test('close() during a token fetch, a connect, a backoff or an open connection ends it: no further socket (graphql-ws #163)', async () => {
    await using _leaks = watchLeaks();
    await using script = await startScript();
    const fetching = openClient({
      url: script.url,
      token: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const first = settle(fetching.connect());
    await fetching.close();
    const connecting = openClient({ url: script.url });
    const second = settle(connecting.connect());
    await connecting.close();
    expect(await Promise.all([first, second])).toEqual(['cancelled', 'cancelled']);
    const before = script.count;
    const waiting = openClient({ url: script.url, backoff: { baseMs: 60_000 }, random: () => 0.9 });
    const third = settle(waiting.connect());
    const peer = await script.connection();
    peer.terminate();
    await eventually(() => waiting.state.status === 'waiting');
    await waiting.close();
    expect(await third).toBe('cancelled');
    expect(script.count).toBe(before + 1);
  });

  test.each<[string, (client: TestClient) => Promise<unknown>]>([
    ['connect', (client) => client.connect()],
    ['reconnect', (client) => client.reconnect()],
    ['join', (client) => client.room('lobby', 'main').join()],
    ['publish', (client) => client.room('lobby', 'main').publish('message', { text: 'x' })],
    ['request', (client) => client.request('echo', {})],
  ])('%s settles when a listener closes the client at its first step', async (_, ask) => {
    await using client = openClient({ url: urlOf(1) });
    client.on('state', ({ status }) => {
      if (status === 'connecting') void client.close();
    });
    expect([await settle(ask(client)), client.queue.status.length]).toEqual(['cancelled', 0]);
  });

  test('a peer that never answers the close does not hold the process', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    const sockets: WebSocket[] = [];
    class Noted extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    const client = openClient({ url: urlOf(proxy.port), token: () => server.token('ann'), WebSocket: Noted });
    await client.connect();
    proxy.blackhole('both');
    await client.close();
    await eventually(() => sockets[0]?.readyState === WebSocket.CLOSED);
  });

  test('what is published while the socket closes is queued and sent once (graphql-ws #173)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    await using client = openClient({ ...QUICK, url: urlOf(proxy.port), token: () => server.token('ann') });
    await client.connect();
    const seen = statuses(client);
    proxy.rstAll();
    const now = client.room('lobby', 'main').publish('message', { text: 'now' });
    await eventually(() => seen.length > 0);
    const later = client.room('lobby', 'main').publish('message', { text: 'later' });
    await Promise.all([now, later]);
    const { entries } = await server.hub.history('lobby:main', { limit: 10 });
    expect(entries.map(({ data }) => data)).toEqual([{ text: 'now' }, { text: 'later' }]);
  });

  test('wanted rooms are joined once each after tries that failed (graphql-ws #85, #99; supabase/realtime #1414)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    proxy.refuseNext(3);
    await using client = openClient({ ...QUICK, url: urlOf(proxy.port), token: () => server.token('bob') });
    const texts: string[] = [];
    client.room('lobby', 'a').on('message', ({ data }) => texts.push(data.text));
    await Promise.all([client.room('lobby', 'a').join(), client.room('lobby', 'b').join()]);
    await server.hub.publish({ rooms: ['lobby:a'], event: 'message', data: { text: 'x' }, from: { service: 'test' } });
    await eventually(() => texts.length === 1);
    expect(client.explain().rooms.map(({ room, status }) => [room, status])).toEqual([
      ['lobby:a', 'joined'],
      ['lobby:b', 'joined'],
    ]);
  });

  test('rooms beyond what a hello may hold are joined right after it', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const names = Array.from({ length: 400 }, (_, n) => `lobby:${'x'.repeat(180)}${n}` as const);
    for (const name of names) void client.room(name).join();
    const peer = await script.connection();
    const hello = await peer.welcome();
    const asked = hello.rooms?.map(({ room }) => room) ?? [];
    expect(JSON.stringify(hello).length).toBeLessThan(65_536);
    while (asked.length < names.length) asked.push((await peer.next('join')).room);
    expect(asked).toEqual(names);
    for (const name of names) peer.joined(name, POSITION);
    await eventually(() => client.explain().rooms.every(({ status }) => status === 'joined'));
  });

  test('a final code stops loudly, and reconnect() begins again with the rooms that were wanted (hocuspocus #676)', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const joined = room.join();
    const first = await script.connection();
    await first.welcome();
    first.joined('lobby:main', POSITION);
    await joined;
    first.send({ type: 'goaway', code: 4500, reason: 'superseded', reconnect: false, afterMs: 0 });
    await eventually(() => client.state.status === 'closed');
    expect(client.state).toMatchObject({ cause: { code: 4500, reason: 'superseded' } });
    expect(await settle(room.publish('message', { text: 'x' }))).toBe('superseded');
    const again = client.reconnect();
    const second = await script.connection();
    expect((await second.welcome()).rooms).toEqual([{ room: 'lobby:main', position: POSITION }]);
    await again;
  });

  test('a process that accepts TCP and says nothing is given up after the connect timeout', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const client = openClient({
      url: urlOf((silent.address() as AddressInfo).port),
      connectTimeoutMs: 30,
      backoff: { baseMs: 60_000 },
      random: () => 0.5,
    });
    const opening = settle(client.connect());
    await eventually(() => client.state.status === 'waiting');
    expect(client.state).toMatchObject({ cause: { reason: 'timeout' } });
    await client.close();
    expect(await opening).toBe('cancelled');
    silent.close();
  });

  test('a server that falls silent is noticed within interval + timeout, and the client resumes (ws #2217)', async () => {
    await using _leaks = watchLeaks();
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    void client.room('lobby', 'main').join();
    const first = await script.connection();
    await first.welcome({ heartbeat: { intervalMs: 60, timeoutMs: 40 } });
    first.joined('lobby:main', POSITION);
    const second = await script.connection();
    expect((await second.welcome()).rooms).toEqual([{ room: 'lobby:main', position: POSITION }]);
    expect(client.explain().timeline).toContainEqual(
      expect.objectContaining({
        what: 'waiting',
        detail: expect.objectContaining({ cause: { code: 1006, reason: 'timeout' } }),
      }),
    );
  });
});
