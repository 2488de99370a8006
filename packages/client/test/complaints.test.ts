import { type Position, TrunklineError } from '@trunkline/protocol';
import { createManualClock, eventually, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import type { ConnectionState } from '../src/index.js';
import { openClient, type TestClient } from './support/open-client.js';
import { DAILY_HEARTBEAT, startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

/** What users of other libraries complain about, one test each. The number is the issue that says it. */
const QUICK = { backoff: { baseMs: 5, capMs: 20 } } as const;
const codeOf = (error: unknown) => (error instanceof TrunklineError ? error.code : error);
const settle = (promise: Promise<unknown>) => promise.then((value) => value, codeOf);
const statuses = (client: TestClient) => {
  const seen: ConnectionState[] = [];
  client.on('state', (next) => seen.push(next));
  return seen;
};
const at = (offset: number): Position => ({ epoch: 'e1', offset, lastId: offset === 0 ? '' : `ev-${offset}` });
const event = (offset: number, room = 'lobby:main') =>
  ({
    type: 'event',
    room,
    event: 'message',
    id: `ev-${offset}`,
    offset,
    epoch: 'e1',
    from: { userId: 'u2' },
    data: { text: `${offset}` },
    timestamp: 0,
  }) as const;

describe('what was missed', () => {
  test('comes after a fast reconnect, after a late one and after a second one (redis-streams-adapter #26, #48; socket.io #4880)', async () => {
    await using _leaks = watchLeaks();
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    await using client = openClient({ ...QUICK, url: urlOf(proxy.port), token: () => server.token('bob') });
    const texts: string[] = [];
    const room = client.room('lobby', 'main');
    room.on('message', ({ data }) => texts.push(data.text));
    await room.join();
    const publish = (text: string) =>
      server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text }, from: { service: 'test' } });
    await publish('before');
    proxy.rstAll();
    await publish('fast');
    await eventually(() => texts.length === 2);
    await proxy.down();
    proxy.rstAll();
    await eventually(() => client.state.status === 'waiting');
    for (const text of ['late 1', 'late 2']) await publish(text);
    await proxy.up();
    await eventually(() => texts.length === 4);
    proxy.rstAll();
    await publish('second');
    await eventually(() => texts.length === 5);
    expect(texts).toEqual(['before', 'fast', 'late 1', 'late 2', 'second']);
  });

  test('is asked for from a position that moved with the last event, not from the first join (trpc #4122)', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    void client.room('lobby', 'main').join();
    const positions: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      const peer = await script.connection();
      const hello = await peer.welcome();
      positions.push(hello.rooms?.[0]?.position);
      peer.joined('lobby:main', at(n));
      peer.send(event(n + 1));
      await eventually(() => client.room('lobby', 'main').position?.offset === n + 1);
      peer.terminate();
    }
    expect(positions).toEqual([undefined, at(1), at(2)]);
  });

  test('is not repeated when nothing was ever seen: the position of the join is kept (socket.io #4888, #5282)', async () => {
    await using server = await startServer();
    await using proxy = await startFaultProxy({ targetPort: server.port });
    await server.hub.publish({
      rooms: ['lobby:main'],
      event: 'message',
      data: { text: 'old' },
      from: { service: 'test' },
    });
    await using client = openClient({ ...QUICK, url: urlOf(proxy.port), token: () => server.token('bob') });
    const texts: string[] = [];
    const room = client.room('lobby', 'main');
    room.on('message', ({ data }) => texts.push(data.text));
    await room.join();
    for (let n = 0; n < 3; n++) {
      const seen = statuses(client);
      proxy.rstAll();
      await eventually(() => seen.some(({ status }) => status === 'open') && room.status === 'joined');
    }
    expect([texts, room.position?.offset]).toEqual([[], 1]);
  });

  test('is told as a gap when the log can not give it, never skipped in silence (centrifugo #165)', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const gaps: unknown[] = [];
    const room = client.room('lobby', 'main');
    room.onGap((gap) => gaps.push(gap));
    void room.join();
    const first = await script.connection();
    await first.welcome();
    first.joined('lobby:main', at(3));
    await eventually(() => room.status === 'joined');
    first.terminate();
    const second = await script.connection();
    await second.welcome();
    second.joined('lobby:main', at(90), { reason: 'trimmed' });
    second.send({
      type: 'gap',
      room: 'lobby:main',
      reason: 'purged',
      from: at(90),
      position: { epoch: 'e2', offset: 0, lastId: '' },
    });
    await eventually(() => gaps.length === 2);
    expect(gaps).toEqual([
      { room: 'lobby:main', reason: 'trimmed', from: at(3), position: at(90) },
      { room: 'lobby:main', reason: 'purged', from: at(90), position: { epoch: 'e2', offset: 0, lastId: '' } },
    ]);
  });

  test('a hole in the offsets is asked for again, not shown over (ioredis subscriber losses)', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const offsets: unknown[] = [];
    const room = client.room('lobby', 'main');
    room.on('message', ({ offset }) => offsets.push(offset));
    void room.join();
    const peer = await script.connection();
    await peer.welcome();
    peer.joined('lobby:main', at(0));
    for (const offset of [1, 3]) peer.send(event(offset));
    expect(await peer.next('join')).toMatchObject({ room: 'lobby:main', position: at(1) });
    peer.joined('lobby:main', at(1), { recovered: true, missed: 2 });
    for (const offset of [2, 3]) peer.send(event(offset));
    await eventually(() => offsets.length === 3);
    expect(offsets).toEqual([1, 2, 3]);
  });

  test('a hole that stays is asked for with backoff, and one after a whole stretch at once', async () => {
    await using script = await startScript();
    const clock = createManualClock();
    await using client = openClient({ url: script.url, clock, random: () => 0.5 });
    void client.room('lobby', 'main').join();
    const peer = await script.connection();
    await peer.welcome({ heartbeat: DAILY_HEARTBEAT });
    peer.joined('lobby:main', at(0));
    const joins = () => peer.seen.filter(({ type }) => type === 'join').length;
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      peer.send(event(7));
      peer.send(event(8));
      await eventually(() => client.room('lobby', 'main').status === 'joining');
      const from = clock.now();
      await eventually(async () => {
        if (n > 0 && joins() <= n) await clock.advance(125);
        return joins() > n;
      });
      waits.push(clock.now() - from);
      peer.joined('lobby:main', at(0), { recovered: true });
      await eventually(() => client.room('lobby', 'main').status === 'joined');
    }
    for (const [n, leastMs] of [0, 250, 500, 1_000, 2_000].entries()) expect(waits[n]).toBeGreaterThanOrEqual(leastMs);
    peer.send(event(1));
    peer.send(event(7));
    await eventually(() => joins() === 6);
  });

  test('a handler that leaves and joins again sees nothing twice (centrifuge-js #425)', async () => {
    await using server = await startServer();
    await using client = openClient({ url: server.url, token: () => server.token('bob') });
    const room = client.room('lobby', 'main');
    const texts: string[] = [];
    room.on('message', async ({ data }) => {
      texts.push(data.text);
      await room.leave();
      await room.join();
    });
    await room.join();
    for (let n = 0; n < 5; n++) {
      await server.hub.publish({
        rooms: ['lobby:main'],
        event: 'message',
        data: { text: `${n}` },
        from: { service: 'test' },
      });
      await eventually(() => texts.length === n + 1 && room.status === 'joined');
    }
    expect(texts).toEqual(['0', '1', '2', '3', '4']);
  });

  test('a provisional event is shown once, and its place is taken when it comes', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const seen: unknown[] = [];
    const room = client.room('booking', '42');
    room.on('status_update', ({ id, provisional }) => seen.push([id, provisional]));
    void room.join();
    const peer = await script.connection();
    await peer.welcome();
    peer.joined('booking:42', at(0));
    const frame = {
      type: 'event',
      room: 'booking:42',
      event: 'status_update',
      id: 'ev-1',
      from: { userId: 'u2' },
      data: { bookingId: '42', status: 'x' },
      timestamp: 0,
    } as const;
    peer.send({ ...frame, provisional: true });
    peer.send({ ...frame, offset: 1, epoch: 'e1' });
    await eventually(() => room.position?.offset === 1);
    expect(seen).toEqual([['ev-1', true]]);
  });

  test('one event in several rooms reaches client.on("event") once and each room once', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const log: string[] = [];
    client.on('event', ({ id }) => log.push(`client ${id}`));
    for (const name of ['lobby:a', 'lobby:b'] as const) {
      client.room(name).on('message', ({ id }) => log.push(`${name} ${id}`));
      void client.room(name).join();
    }
    const peer = await script.connection();
    await peer.welcome();
    for (const name of ['lobby:a', 'lobby:b']) peer.joined(name, at(0));
    for (const name of ['lobby:a', 'lobby:b']) peer.send(event(1, name));
    await eventually(() => log.length === 3);
    expect(log).toEqual(['lobby:a ev-1', 'client ev-1', 'lobby:b ev-1']);
  });
});

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

  test('a retryable refusal holds what follows in its room, and all go again in order', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome();
    await opening;
    const room = client.room('lobby', 'main');
    const acks = ['1', '2', '3'].map((text) => room.publish('message', { text }));
    const [first, second, third] = [await peer.next('publish'), await peer.next('publish'), await peer.next('publish')];
    peer.send({ type: 'error', id: first.id, code: 'unavailable', message: '', retryable: true, retryAfterMs: 20 });
    peer.send({ type: 'error', id: second.id, code: 'out_of_order', message: '', retryable: true });
    // A frame behind the refusals shows that they were read.
    const asked = client.request('echo', {});
    const request = await peer.next('request');
    peer.send({ type: 'response', id: request.id, data: {} });
    await asked;
    acks.push(room.publish('message', { text: '4' }));
    const other = client.room('lobby', 'other').publish('message', { text: 'other' });
    const elsewhere = await peer.next('publish');
    expect(elsewhere.room).toBe('lobby:other');
    peer.send({ type: 'ack', id: elsewhere.id, eventId: 'o', epoch: 'e1', offset: 1 });
    await other;
    peer.send({ type: 'error', id: third.id, code: 'out_of_order', message: '', retryable: true });
    const again: string[] = [];
    for (let n = 1; n <= 4; n++) {
      const { id, data } = await peer.next('publish');
      again.push(`${(data as { text: string }).text} ${[first.id, second.id, third.id].indexOf(id)}`);
      peer.send({ type: 'ack', id, eventId: `ev-${n}`, epoch: 'e1', offset: n });
    }
    await Promise.all(acks);
    expect(again).toEqual(['1 0', '2 1', '3 2', '4 -1']);
  });

  test('a refused publish that is given up is skipped, so that the next ones may go', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const controller = new AbortController();
    const room = client.room('lobby', 'main');
    const given = settle(room.publish('message', { text: '1' }, { signal: controller.signal }));
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    peer.send({ type: 'error', id, code: 'unavailable', message: '', retryable: true, retryAfterMs: 60_000 });
    await eventually(() => client.queue.status.length === 1);
    // A frame behind the refusal shows that it was read.
    const asked = client.request('echo', {});
    const request = await peer.next('request');
    peer.send({ type: 'response', id: request.id, data: {} });
    await asked;
    controller.abort();
    expect(await given).toBe('cancelled');
    expect(await peer.next('skip')).toMatchObject({ room: 'lobby:main', of: id });
  });

  test('a publish that is refused after it was given up is skipped, too', async () => {
    await using script = await startScript();
    await using client = openClient({ url: script.url });
    const controller = new AbortController();
    const room = client.room('lobby', 'main');
    const given = settle(room.publish('message', { text: '1' }, { signal: controller.signal }));
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    controller.abort();
    expect(await given).toBe('unknown_outcome');
    peer.send({ type: 'error', id, code: 'unavailable', message: '', retryable: true });
    expect(await peer.next('skip')).toMatchObject({ room: 'lobby:main', of: id });
  });

  test('an item that was sent is not sent again once its room has another epoch: unknown_outcome', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const room = client.room('lobby', 'main');
    void room.join();
    const first = await script.connection();
    await first.welcome();
    first.joined('lobby:main', at(4));
    await eventually(() => room.status === 'joined');
    const sent = settle(room.publish('message', { text: 'sent' }));
    await first.next('publish');
    first.terminate();
    await eventually(() => client.state.status !== 'open');
    const unsent = room.publish('message', { text: 'unsent' });
    const second = await script.connection();
    await second.welcome();
    second.joined('lobby:main', { epoch: 'e2', offset: 0, lastId: '' }, { reason: 'epoch_changed' });
    const { id, data } = await second.next('publish');
    expect([await sent, data]).toEqual(['unknown_outcome', { text: 'unsent' }]);
    second.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e2', offset: 1 });
    await unsent;
    expect(second.seen.filter(({ type }) => type === 'publish')).toHaveLength(1);
  });

  test('an item that was sent is not sent again when the server may have forgotten it: unknown_outcome', async () => {
    await using script = await startScript();
    await using client = openClient({ ...QUICK, url: script.url });
    const limits = {
      maxMessageBytes: 1_048_576,
      maxRooms: 200,
      maxUnacked: 1_000,
      messagesPerSecond: 200,
      burst: 500,
      dedupeWindowMs: 1,
      reconnectSpreadMs: 30,
    };
    const sent = settle(client.room('lobby', 'main').publish('message', { text: 'sent' }));
    const first = await script.connection();
    await first.welcome({ limits });
    await first.next('publish');
    first.terminate();
    const second = await script.connection();
    await second.welcome({ limits });
    expect(await sent).toBe('unknown_outcome');
  });

  test('a burst is paced below the server’s rate (socket.io #2412)', async () => {
    await using server = await startServer({ limits: { messagesPerSecond: 400, messageBurst: 20 } });
    await using client = openClient({ url: server.url, token: () => server.token('ann') });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const acks = await Promise.all(
      Array.from({ length: 120 }, (_, n) => client.room('lobby', 'main').publish('message', { text: `${n}` })),
    );
    expect(acks.map(({ offset }) => offset)).toEqual(Array.from({ length: 120 }, (_, n) => n + 1));
    expect([errors, client.explain().timeline.filter(({ what }) => what === 'error')]).toEqual([[], []]);
  });
});
