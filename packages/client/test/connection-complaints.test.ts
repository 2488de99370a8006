import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { TrunklineError } from '@trunkline/protocol';
import { createManualClock, eventually, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type ConnectionState, createClient, type TokenContext } from '../src/index.js';
import { openClient, type TestClient } from './support/open-client.js';
import { DAILY_HEARTBEAT, POSITION, startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

const QUICK = { backoff: { baseMs: 5, capMs: 20 } } as const;
const settle = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error) => (error instanceof TrunklineError ? error.code : error),
  );
/** A client that is in lobby:main, and the server that says so. */
async function joinLobby() {
  const script = await startScript();
  const client = openClient({ url: script.url });
  const room = client.room('lobby', 'main');
  const joined = room.join();
  const peer = await script.connection();
  await peer.welcome();
  peer.joined('lobby:main', POSITION);
  await joined;
  return {
    ...{ client, room, peer },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await script[Symbol.asyncDispose]();
    },
  };
}

function statuses(client: TestClient): ConnectionState[] {
  const seen: ConnectionState[] = [];
  client.on('state', (next) => seen.push(next));
  return seen;
}
function errors(client: TestClient): string[] {
  const seen: string[] = [];
  client.on('error', ({ code }) => seen.push(code));
  return seen;
}

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

  test('a deploy: new frames are held, acks under way awaited, and everything goes on elsewhere', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const last = room.publish('message', { text: 'last words' });
    const request = client.request('echo', { a: 1 });
    const first = await script.connection();
    await first.welcome();
    const { id } = await first.next('publish');
    const asked = await first.next('request');
    first.send({ type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 60_000 });
    await eventually(() => client.state.status === 'open' && client.state.leaving);
    const held = room.publish('message', { text: 'held' });
    first.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    expect(await last).toMatchObject({ offset: 1 });
    const second = await script.connection();
    await second.welcome();
    expect((await second.next('request')).id).toBe(asked.id);
    second.send({ type: 'response', id: asked.id, data: { a: 1 } });
    const again = await second.next('publish');
    second.send({ type: 'ack', id: again.id, eventId: 'ev-2', epoch: 'e1', offset: 2 });
    await Promise.all([held, request]);
    expect(first.seen.filter(({ type }) => type === 'publish')).toHaveLength(1);
    expect(await first.closed).toBe(4000);
  });

  test('a deploy waits for no join that was answered', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    void settle(client.connect());
    const first = await script.connection();
    await first.welcome();
    await eventually(() => client.state.status === 'open');
    const joined = client.room('lobby', 'main').join();
    const { id } = await first.next('join');
    first.send({ type: 'joined', id, room: 'lobby:main', position: POSITION, recovered: false, missed: 0 });
    await joined;
    first.send({ type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 60_000 });
    expect(await first.closed).toBe(4000);
  });

  test('a second goaway takes the place of the first, and leaves the next connection alone', async () => {
    await using script = await startScript();
    const clock = createManualClock();
    await using client = openClient({ url: script.url, clock });
    const published = client.room('lobby', 'main').publish('message', { text: 'last words' });
    const first = await script.connection();
    await first.welcome({ heartbeat: DAILY_HEARTBEAT });
    const { id } = await first.next('publish');
    const goaway = { type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 60_000 } as const;
    first.sendBatch([goaway, goaway, { type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 }]);
    await published;
    await eventually(() => client.state.status === 'waiting');
    await clock.advance(5);
    const second = await script.connection();
    await second.welcome({ heartbeat: DAILY_HEARTBEAT });
    await eventually(() => client.state.status === 'open');
    await clock.advance(120_000);
    expect(client.state.status).toBe('open');
  });

  test('a goaway that names no wait is followed by the backoff of its code', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url, random: () => 0.5 });
    void settle(client.connect());
    const peer = await script.connection();
    await peer.welcome();
    peer.sendBatch([{ type: 'goaway', code: 4003, reason: 'rate_limited', reconnect: true }]);
    await eventually(() => client.state.status === 'waiting');
    expect(client.state).toMatchObject({ delayMs: 250 });
  });

  test('the wait that a server asked for holds when the machine is online again', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    try {
      await using script = await startScript();
      const clock = createManualClock();
      await using client = openClient({ url: script.url, clock, random: () => 0.999 });
      const online = () => {
        page.dispatchEvent(new Event('online'));
        return client.state.status;
      };
      void settle(client.connect());
      const first = await script.connection();
      await first.welcome();
      first.send({ type: 'goaway', code: 4003, reason: 'rate_limited', reconnect: true, afterMs: 400 });
      await eventually(() => client.state.status === 'waiting');
      expect(online()).toBe('waiting');
      await clock.advance(400);
      expect(online()).toBe('connecting');
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('the first retries of a crowd are spread, not one storm (block/buzz #4542)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    const delays: number[] = [];
    const clients = Array.from({ length: 40 }, () =>
      openClient({ url: urlOf(proxy.port), token: () => server.token('bob') }),
    );
    await Promise.all(clients.map((client) => client.connect()));
    for (const client of clients) client.on('state', (next) => next.status === 'waiting' && delays.push(next.delayMs));
    proxy.rstAll();
    await eventually(() => delays.length === clients.length);
    await Promise.all(clients.map((client) => client.close()));
    expect(new Set(delays.map((ms) => Math.round(ms * 10))).size).toBeGreaterThan(20);
  });

  test('a spread told with a later ping replaces the one of the welcome', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url, token: 't', random: () => 0.5 });
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome();
    await opening;
    peer.send({ type: 'ping', reconnectSpreadMs: 800 });
    await peer.next('pong');
    peer.send({ type: 'ping' });
    await peer.next('pong');
    peer.terminate();
    await eventually(() => expect(client.state).toMatchObject({ status: 'waiting', delayMs: 400 }));
  });

  test('connect() by a listener that hears of the end resolves when it is open again', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    await client.connect();
    let again: Promise<unknown> | undefined;
    client.on('state', ({ status }) => {
      if (status === 'closed') again ??= settle(client.connect().then(() => client.state.status));
    });
    await client.close();
    expect(await again).toBe('open');
  });

  test('connect() by a listener that hears of the end begins a session of its own', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const opening = client.connect();
    await (await script.connection()).welcome();
    await opening;
    const stop = client.on('state', () => {
      stop();
      client.connect().catch(() => {});
    });
    await client.close();
    expect((await (await script.connection()).welcome()).session).toBeUndefined();
  });

  test('maxAttempts ends the trying, and says so', async () => {
    const client = openClient({ ...QUICK, url: urlOf(1), maxAttempts: 3 });
    expect(await settle(client.connect())).toMatch(/./);
    expect(client.state.status).toBe('closed');
    expect(client.explain().timeline.filter(({ what }) => what === 'connecting')).toHaveLength(3);
  });

  test('maxAttempts counts no press of reconnect()', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url, maxAttempts: 2 });
    const seen = statuses(client);
    void settle(client.connect());
    for (let n = 0; n < 4; n++) {
      await (await script.connection()).welcome();
      await eventually(() => client.state.status === 'open');
      void settle(client.reconnect());
    }
    expect(seen.map(({ status }) => status)).not.toContain('closed');
  });

  test('an option that is given as undefined is the default', async () => {
    await using _leaks = watchLeaks();
    await using client = openClient({
      url: urlOf(1),
      ...Object.fromEntries(
        ['clock', 'random', 'maxAttempts', 'connectTimeoutMs', 'wake'].map((name) => [name, undefined]),
      ),
      backoff: Object.fromEntries(['baseMs', 'capMs'].map((name) => [name, undefined])),
      queue: Object.fromEntries(['maxItems', 'maxBytes', 'whenFull'].map((name) => [name, undefined])),
    });
    void settle(client.connect());
    const sent = settle(client.room('lobby', 'main').publish('message', { text: 'x' }));
    await eventually(() => client.state.status === 'waiting');
    expect([client.queue.status.length, client.explain().nextAttemptAt]).toEqual([1, expect.any(Number)]);
    await client.close();
    expect(await sent).toBe('cancelled');
  });
});

describe('tokens', () => {
  test('a token is renewed in place, ahead of its end by the server’s clock, without a reconnect (graphql-ws #503; RELIABILITY 37)', async () => {
    await using script = await startScript();
    let fetches = 0;
    const contexts: TokenContext['reason'][] = [];
    await using client = openClient({
      url: script.url,
      token: ({ reason }) => {
        contexts.push(reason);
        return `t${++fetches}`;
      },
    });
    const opening = client.connect();
    const peer = await script.connection();
    // Its clock is an hour off; the token has 400 ms.
    const serverTime = Date.now() + 3_600_000;
    expect((await peer.welcome({ serverTime, expiresAt: serverTime + 400 })).token).toBe('t1');
    await opening;
    const seen = statuses(client);
    const refresh = await peer.next('refresh');
    expect(refresh.token).toBe('t2');
    peer.send({ type: 'response', id: refresh.id, data: { expiresAt: serverTime + 3_600_000, joined: [], left: [] } });
    peer.send({ type: 'expiring', expiresAt: serverTime });
    expect((await peer.next('refresh')).token).toBe('t3');
    expect([seen, contexts]).toEqual([[], ['connect', 'expiring', 'expiring']]);
  });

  test('a renewal that fails is told and tried again until it works', async () => {
    await using script = await startScript();
    let fetches = 0;
    const clock = createManualClock();
    await using client = openClient({
      url: script.url,
      clock,
      token: () => {
        if (++fetches === 2) throw new Error('the login service is down');
        return `t${fetches}`;
      },
    });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT, serverTime: clock.now(), expiresAt: clock.now() + 3_600_000 });
    await opening;
    await clock.advance(2_880_000);
    await eventually(() => told.length === 1);
    await clock.advance(30_000);
    const refresh = await peer.next('refresh');
    peer.send({ type: 'error', id: refresh.id, code: 'unauthenticated', message: '', retryable: false });
    await eventually(() => told.length === 2);
    await clock.advance(30_000);
    expect([(await peer.next('refresh')).token, told]).toEqual(['t4', ['unavailable', 'unauthenticated']]);
  });

  test('a renewal whose provider never answers is given up after its time, told, and tried again', async () => {
    await using script = await startScript();
    let fetches = 0;
    const signals: AbortSignal[] = [];
    const clock = createManualClock();
    await using client = openClient({
      url: script.url,
      clock,
      random: () => 0,
      token: ({ signal }) => {
        signals.push(signal);
        return ++fetches === 2 ? new Promise<never>(() => {}) : `t${fetches}`;
      },
    });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT, serverTime: clock.now(), expiresAt: clock.now() + 3_600_000 });
    await opening;
    await clock.advance(2_880_000);
    expect([fetches, told]).toEqual([2, []]);
    await clock.advance(30_000);
    expect([told, signals[1]?.aborted]).toEqual([['timeout'], true]);
    await clock.advance(30_000);
    expect((await peer.next('refresh')).token).toBe('t3');
  });

  test('a renewal whose provider fails spoils no token: the one at hand is good for the next connection', async () => {
    await using script = await startScript();
    const clock = createManualClock();
    const reasons: string[] = [];
    await using client = openClient({
      url: script.url,
      clock,
      random: () => 0.5,
      token: ({ reason }) => {
        reasons.push(reason);
        if (reasons.length > 1) throw new Error('away');
        return 't1';
      },
    });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT, serverTime: clock.now(), expiresAt: clock.now() + 3_600_000 });
    await opening;
    while (told.length < 2) await clock.advance(10_000);
    peer.close(4000);
    await eventually(() => client.state.status === 'waiting');
    await clock.advance(2_000);
    expect((await (await script.connection()).next('hello')).token).toBe('t1');
    expect(new Set(reasons)).toEqual(new Set(['connect', 'expiring']));
  });

  test('a refused token is never sent again: a new one once at once, then with backoff, and the application is told (pusher-js #190, #659)', async () => {
    await using server = await startServer();
    let fetches = 0;
    await using client = openClient({
      ...QUICK,
      url: server.url,
      token: async () => (++fetches < 4 ? `bad-${fetches}` : await server.token('ann')),
    });
    const told = errors(client);
    await client.connect();
    expect([fetches, told]).toEqual([4, ['unauthenticated']]);
  });

  test('who connects after close() is who the provider then says, never the user before', async () => {
    await using server = await startServer();
    let user = 'ann';
    await using client = openClient({ url: server.url, token: () => server.token(user) });
    await client.connect();
    for (const again of [client.connect, client.reconnect]) {
      await client.close();
      expect(client.userId).toBeUndefined();
      user += 'a';
      await again();
      expect(client.userId).toBe(user);
    }
  });

  test.each(['', null, 7])('a token that is %j is none: the end is loud and says so', async (token) => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: token as string });
    expect(await settle(client.connect())).toBe('unauthenticated');
    expect(client.state).toMatchObject({ status: 'closed', cause: { code: 4100 } });
  });

  test('a fixed token that is refused ends loudly', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: 'bad' });
    expect(await settle(client.connect())).toBe('unauthenticated');
    expect(client.state).toMatchObject({ status: 'closed', cause: { code: 4100 } });
  });

  test('a fixed token that has ended closes loudly, and no later try uses it (auth0-socketio-jwt #98)', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url, token: 'fixed' });
    const told = errors(client);
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome({ expiresAt: Date.now() });
    await opening;
    peer.send({ type: 'expiring', expiresAt: Date.now() });
    peer.send({ type: 'goaway', code: 4101, reason: 'token_expired', reconnect: true, afterMs: 0 });
    await eventually(() => client.state.status === 'closed');
    expect([client.state, told]).toMatchObject([{ cause: { code: 4101 } }, ['token_expired']]);
    const before = script.count;
    expect(await settle(client.reconnect())).toBe('token_expired');
    expect(script.count).toBe(before);
  });

  test('ends before the socket opens fetch one new token, then tell, and keep on with backoff (ws #1745)', async () => {
    const reasons: string[] = [];
    await using client = openClient({
      ...QUICK,
      url: urlOf(1),
      token: ({ reason }) => {
        reasons.push(reason);
        return 't';
      },
    });
    const told = errors(client);
    void settle(client.connect());
    await eventually(() => reasons.length >= 6);
    expect([reasons.slice(0, 6), told]).toEqual([
      ['connect', 'connect', 'refused', 'connect', 'connect', 'connect'],
      ['unavailable'],
    ]);
  });

  test('what is too long for a token, like the page of a proxy, is not sent: told, and asked for again', async () => {
    await using server = await startServer();
    const answers = ['<html>'.padEnd(16_385), await server.token('ann')];
    await using client = openClient({ ...QUICK, url: server.url, token: () => answers.shift() ?? '' });
    const told = errors(client);
    expect([await settle(client.connect()), told]).toEqual([undefined, ['unavailable']]);
  });

  test('a provider that fails is tried again and told; one that says never ends it', async () => {
    await using server = await startServer();
    let fetches = 0;
    await using client = openClient({
      ...QUICK,
      url: server.url,
      token: async () => {
        if (++fetches < 3) throw new Error('down');
        return await server.token('ann');
      },
    });
    const told = errors(client);
    await client.connect();
    expect(told).toEqual(['unavailable', 'unavailable']);
    await using signedOut = openClient({
      url: server.url,
      token: () => {
        throw new TrunklineError('unauthenticated', 'Signed out.');
      },
    });
    await settle(signedOut.connect());
    expect(signedOut.state.status).toBe('closed');
  });

  test.each([
    ['unauthenticated', new TrunklineError('unauthenticated', 'Signed out.')],
    ['unavailable', new Error('The sign-in page is down.')],
  ])('what ends it is the cause of the refusal %s', async (code, thrown) => {
    await using client = openClient({
      url: urlOf(1),
      maxAttempts: 1,
      token: () => {
        throw thrown;
      },
    });
    const refusals = [client.connect(), client.room('lobby', 'main').join()];
    for (const refused of refusals)
      await expect(refused).rejects.toMatchObject({ code, retryable: false, cause: thrown });
    await expect(client.room('lobby', 'main').join()).rejects.toHaveProperty('cause', thrown);
  });

  test('the token is in the hello and not in the URL', async () => {
    await using script = await startScript();
    const urls: string[] = [];
    class Noted extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        urls.push(new URL(url).search);
      }
    }
    await using client = openClient({ url: script.url, token: 'a b', WebSocket: Noted });
    void settle(client.connect());
    expect((await (await script.connection()).welcome()).token).toBe('a b');
    expect(urls).toEqual(['']);
  });
});

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

describe('requests and calls', () => {
  test('a request settles once: answer, typed error, timeout, abort', async () => {
    await using server = await startServer();
    const aborted: string[] = [];
    server.hub.handle('echo', (input, { signal }) => {
      const { mode } = input as { mode: string };
      if (mode === 'refuse') throw new TrunklineError('QUOTA_EXCEEDED', 'No calls left.');
      if (mode === 'hang') {
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            aborted.push(mode);
            resolve({});
          }),
        );
      }
      return { mode };
    });
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const controller = new AbortController();
    const hanging = settle(client.request('echo', { mode: 'hang' }, { signal: controller.signal }));
    const outcomes = [
      await settle(client.request('echo', { mode: 'answer' })),
      await settle(client.request('echo', { mode: 'refuse' })),
      await settle(client.request('echo', { mode: 'hang' }, { timeoutMs: 30 })),
    ];
    controller.abort();
    expect([...outcomes, await hanging]).toEqual([{ mode: 'answer' }, 'QUOTA_EXCEEDED', 'timeout', 'cancelled']);
    await eventually(() => aborted.length === 2);
  });

  test('a request made offline has its time too', async () => {
    await using client = openClient({ ...QUICK, url: urlOf(1) });
    expect(await settle(client.request('echo', {}, { timeoutMs: 20 }))).toBe('timeout');
  });

  test('the server calls this client, gives up, or finds no handler', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const aborted: string[] = [];
    client.handle('client_tool_call', async ({ tool }, { signal }) => {
      if (tool === 'fail') throw new Error('a secret');
      if (tool !== 'hang') return { tool };
      return await new Promise((resolve) => signal.addEventListener('abort', () => resolve(aborted.push('hang'))));
    });
    void settle(client.connect());
    const peer = await script.connection();
    await peer.welcome();
    for (const [id, method, tool] of [
      ['k1', 'client_tool_call', 'open'],
      ['k2', 'client_tool_call', 'hang'],
      ['k3', 'unknown', ''],
      ['k4', 'client_tool_call', 'fail'],
    ] as const) {
      peer.send({ type: 'call', id, method, data: { tool } });
    }
    peer.send({ type: 'cancel', of: 'k2' });
    const results = [await peer.next('result'), await peer.next('result'), await peer.next('result')].sort(
      (one, other) => one.of.localeCompare(other.of),
    );
    expect(results).toMatchObject([
      { of: 'k1', data: { tool: 'open' } },
      { of: 'k3', error: { code: 'not_found' } },
      { of: 'k4', error: { code: 'internal', message: 'internal' } },
    ]);
    await eventually(() => aborted.length === 1);
  });
});

test('a call is answered when its result is no JSON, and while the server drains', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const circle: { me?: unknown } = {};
  circle.me = circle;
  let finish = (_: unknown) => {};
  client.handle('client_tool_call', async ({ tool }) => {
    if (tool === 'circle') return circle;
    return tool === 'number' ? 10n : await new Promise((resolve) => (finish = resolve));
  });
  void settle(client.connect());
  void settle(client.room('lobby', 'main').join());
  const peer = await script.connection();
  await peer.welcome();
  for (const tool of ['number', 'circle', 'slow'])
    peer.send({ type: 'call', id: tool, method: 'client_tool_call', data: { tool } });
  const failed = [await peer.next('result'), await peer.next('result')];
  expect(failed).toMatchObject([
    { of: 'number', error: { code: 'invalid_data' } },
    { of: 'circle', error: { code: 'invalid_data' } },
  ]);
  void settle(client.room('lobby', 'main').publish('message', { text: 'holds the drain' }));
  await peer.next('publish');
  peer.send({ type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 60_000 });
  await eventually(() => client.state.status === 'open' && client.state.leaving);
  finish('done');
  expect(await peer.next('result')).toMatchObject({ of: 'slow', data: 'done' });
});

test('a listener that throws harms nobody else, and unknown frames are ignored', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const uncaught: unknown[] = [];
  const listener = (error: unknown) => uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', listener);
  try {
    const seen: string[] = [];
    client.on('state', () => {
      throw new Error('mine');
    });
    client.on('state', ({ status }) => seen.push(status));
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome();
    peer.send({ type: 'surprise' } as never);
    await opening;
    await eventually(() => uncaught.length === 3);
    expect(seen).toEqual(['connecting', 'authenticating', 'open']);
    await client.close();
    await eventually(() => uncaught.length === 4);
  } finally {
    process.removeListener('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  }
});

test('without a WebSocket in the runtime the constructor says what to pass', () => {
  vi.stubGlobal('WebSocket', undefined);
  try {
    expect(() => createClient({ url: 'ws://x' })).toThrow(new TypeError('No WebSocket: pass one.'));
  } finally {
    vi.unstubAllGlobals();
  }
});

test.each<[string, object]>([
  ['presence without a member', { type: 'presence', version: 9, change: 'join' }],
  ['presence without members', { type: 'presence', version: 9, change: 'sync' }],
  ['a receipt without cursors', { type: 'receipt', epoch: 'e1' }],
  ['typing of nobody', { type: 'event', event: 'typing', id: 'ev-1', data: {} }],
  ['joined without members', { type: 'joined', position: POSITION, recovered: true, missed: 0, presence: {} }],
])('%s is told as an error and dropped, and what follows counts', async (_, frame) => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const told = errors(client);
  const room = client.room('lobby', 'main');
  const joined = room.join();
  const texts: unknown[] = [];
  room.on('message', ({ data }) => texts.push(data.text));
  const peer = await script.connection();
  await peer.welcome();
  peer.joined('lobby:main', POSITION);
  await joined;
  const event = { type: 'event', room: 'lobby:main', event: 'message', id: 'ev-2', from: {}, data: { text: 'next' } };
  peer.sendBatch([{ room: 'lobby:main', ...frame }, event]);
  await eventually(() => texts.length === 1);
  expect(told).toEqual(['unavailable']);
});

test('explain() tells what happened and why', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url, backoff: { baseMs: 60_000 }, random: () => 0.5 });
  void settle(client.connect());
  const peer = await script.connection();
  await peer.welcome();
  await eventually(() => client.state.status === 'open');
  peer.close(1013, 'try_again_later');
  await eventually(() => client.state.status === 'waiting');
  const { timeline, nextAttemptAt, state } = client.explain();
  expect(timeline.map(({ what }) => what)).toEqual(['connecting', 'authenticating', 'open', 'waiting']);
  expect(timeline.at(-1)?.detail).toMatchObject({ cause: { code: 1013, reason: 'try_again_later' }, delayMs: 15_000 });
  expect([state.status, (nextAttemptAt ?? 0) > Date.now()]).toEqual(['waiting', true]);
});
