import { createManualClock, eventually, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { at, event } from './support/log-events.js';
import { statuses } from './support/observe-client.js';
import { openClient, QUICK } from './support/open-client.js';
import { DAILY_HEARTBEAT, startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

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
