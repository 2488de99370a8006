import { eventually, startFaultProxy } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { settle, statuses } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

describe('publishing', () => {
  test('a lost ack is no second message (socket.io #5334)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    await using client = openClient({ ...QUICK, url: urlOf(proxy.port), token: () => server.token('ann') });
    await client.connect();
    proxy.blackhole('down');
    const published = client.room('lobby', 'main').publish('message', { text: 'once' });
    await eventually(async () => (await server.hub.history('lobby:main', { limit: 10 })).entries.length === 1);
    proxy.heal();
    proxy.rstAll();
    // Healing may let the ack through before the reset; either way there is one.
    expect(await published).toMatchObject({ offset: 1 });
    expect((await server.hub.history('lobby:main', { limit: 10 })).entries).toHaveLength(1);
  });

  test('every promise settles when the client is closed (socket.io #3152)', async () => {
    await using script = await startScript();
    const client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const opening = settle(client.connect());
    const peer = await script.connection();
    await peer.welcome();
    await opening;
    const sent = settle(room.publish('message', { text: 'sent' }));
    const asked = settle(client.request('echo', {}));
    const joined = settle(room.join());
    const history = settle(room.history());
    await peer.next('history');
    peer.send({ type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 60_000 });
    await eventually(() => client.state.status === 'open' && client.state.leaving);
    const held = settle(room.publish('message', { text: 'held' }));
    await client.close();
    expect(await Promise.all([sent, asked, joined, history, held])).toEqual([
      'unknown_outcome',
      'unknown_outcome',
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    expect(await settle(room.publish('message', { text: 'after' }))).toBe('cancelled');
  });

  test('a publish may be given a time, and says whether it was sent (socket.io-client #1279)', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const room = client.room('lobby', 'main');
    for (const ttlMs of [20, 0]) {
      expect(await settle(room.publish('message', { text: 'stale' }, { ttlMs }))).toBe('timeout');
    }
    const peer = await script.connection();
    await peer.welcome();
    const controller = new AbortController();
    const aborted = settle(room.publish('message', { text: 'sent' }, { signal: controller.signal }));
    expect((await peer.next('publish')).data).toEqual({ text: 'sent' });
    controller.abort();
    expect(await aborted).toBe('unknown_outcome');
    expect(client.queue.status.length).toBe(0);
  });

  test('10 000 publishes while offline are bounded: overflow is an error of that call, and each id arrives once (reconnecting-websocket)', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const outcomes = Array.from({ length: 10_000 }, (_, n) => settle(room.publish('message', { text: `${n}` })));
    expect(client.queue.status.length).toBe(1_000);
    const connection = await script.connection();
    await connection.welcome({
      limits: {
        maxMessageBytes: 1_048_576,
        maxRooms: 200,
        maxUnacked: 1_000,
        messagesPerSecond: 100_000,
        burst: 100_000,
        dedupeWindowMs: 600_000,
        reconnectSpreadMs: 5,
      },
    });
    const texts: unknown[] = [];
    for (let n = 0; n < 1_000; n++) {
      const { id, data } = await connection.next('publish');
      texts.push(data);
      connection.send({ type: 'ack', id, eventId: `ev-${n}`, epoch: 'e1', offset: n + 1 });
    }
    const results = await Promise.all(outcomes);
    expect(results.filter((result) => result === 'queue_full')).toHaveLength(9_000);
    expect(texts).toEqual(Array.from({ length: 1_000 }, (_, n) => ({ text: `${n}` })));
    expect(connection.seen.filter(({ type }) => type === 'publish')).toHaveLength(1_000);
  });

  test.each([
    ['reject', ['1', '2'], ['3']],
    ['drop-newest', ['1', '2'], ['3']],
    ['drop-oldest', ['2', '3'], ['1']],
  ] as const)('a full queue does what "%s" says', async (whenFull, kept, dropped) => {
    await using script = await startScript();
    await using client = openClient({ url: script.url, queue: { maxItems: 2, whenFull } });
    const room = client.room('lobby', 'main');
    const lost: string[] = [];
    for (const text of ['1', '2', '3']) room.publish('message', { text }).catch(() => lost.push(text));
    const peer = await script.connection();
    await peer.welcome();
    const sent = [await peer.next('publish'), await peer.next('publish')].map(
      ({ data }) => (data as { text: string }).text,
    );
    expect([sent, lost]).toEqual([kept, dropped]);
  });

  test('a newer one of the same conflation key takes the place of one that waits, and both settle together', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const room = client.room('lobby', 'main');
    const both = [1, 2].map((n) => room.publish('message', { text: `${n}` }, { conflate: 'latest' }));
    const peer = await script.connection();
    await peer.welcome();
    const { id, data } = await peer.next('publish');
    peer.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    expect([data, (await Promise.all(both)).map(({ id: event }) => event)]).toEqual([{ text: '2' }, ['ev-1', 'ev-1']]);
  });

  test('a message above what the server takes is refused here, and the connection lives (engine.io #706)', async () => {
    await using server = await startServer({ limits: { maxMessageBytes: 20_000 } });
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    await client.connect();
    const seen = statuses(client);
    expect(await settle(client.room('lobby', 'main').publish('message', { text: 'x'.repeat(30_000) }))).toBe(
      'too_large',
    );
    expect(await client.room('lobby', 'main').publish('message', { text: 'small' })).toMatchObject({ offset: 1 });
    expect(seen).toEqual([]);
  });
});
