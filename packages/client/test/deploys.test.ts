import { createManualClock, eventually, startFaultProxy } from '@trunkline/testkit';
import { describe, expect, test, vi } from 'vitest';
import { settle } from './support/observe-client.js';
import { openClient } from './support/open-client.js';
import { DAILY_HEARTBEAT, POSITION, startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('a deploy', () => {
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
});
