import type { ServerFrame } from '@trunkline/protocol';
import { defineContract, durable } from '@trunkline/protocol/contract';
import { connectRaw, type RawClient } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rewindStart } from '../../src/hub/resume.js';
import type { LoggedEvent } from '../../src/seams/broker.js';
import { startHub, type TokenClaims } from './start-hub.js';

async function connect(
  hub: Awaited<ReturnType<typeof startHub>>,
  userId: string,
  claims?: TokenClaims,
): Promise<RawClient> {
  const client = await connectRaw({ url: hub.url });
  await client.hello({ token: await hub.token(userId, claims) });
  return client;
}

describe('two people in a room', () => {
  test('what one publishes the other receives once, and the sender gets its ref', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    await using bob = await connect(hub, 'bob');
    const joined = await ann.join('lobby:main');
    expect(joined).toMatchObject({ recovered: false, missed: 0, position: { offset: 0, lastId: '' } });
    await bob.join('lobby:main');
    const ack = await ann.publish('lobby:main', 'message', { text: 'hello', more: { kept: true } }, 'p1');
    expect(ack).toMatchObject({ offset: 1, epoch: joined.position.epoch });
    const own = await ann.nextOf('event');
    const other = await bob.nextOf('event');
    expect(own).toMatchObject({
      ref: 'p1',
      id: ack.eventId,
      offset: 1,
      data: { text: 'hello', more: { kept: true } },
      from: { userId: 'ann' },
    });
    expect(other.ref).toBeUndefined();
    expect(other).toMatchObject({ id: ack.eventId, offset: 1, event: 'message', room: 'lobby:main' });
  });

  test('a publish sent again acts once, and with another payload is a conflict', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    const first = await ann.publish('lobby:main', 'message', { text: 'once' }, 'p1');
    const again = await ann.publish('lobby:main', 'message', { text: 'once' }, 'p1');
    expect(again).toMatchObject({ eventId: first.eventId, offset: first.offset, duplicate: true });
    await expect(ann.publish('lobby:main', 'message', { text: 'other' }, 'p1')).rejects.toMatchObject({
      code: 'id_conflict',
    });
  });

  test('presence comes as a snapshot with the join, then as changes', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    const first = await ann.join('lobby:main');
    expect(first.presence?.members.map((member) => member.userId)).toEqual(['ann']);
    const version = first.presence?.version ?? 0;
    const bob = await connect(hub, 'bob');
    const second = await bob.join('lobby:main');
    expect(second.presence?.members.map((member) => member.userId).sort()).toEqual(['ann', 'bob']);
    expect(await ann.nextOf('presence')).toMatchObject({
      change: 'join',
      member: { userId: 'bob' },
      version: version + 1,
    });
    await bob.close();
    expect(await ann.nextOf('presence')).toMatchObject({
      change: 'leave',
      member: { userId: 'bob' },
      version: version + 2,
    });
  });
});

describe('resume', () => {
  test('gives every missed event once, in order, before live ones', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    const bob = await connect(hub, 'bob');
    const { position } = await bob.join('lobby:main');
    await bob.close();
    for (let n = 1; n <= 500; n++) await ann.publish('lobby:main', 'message', { text: `${n}` });
    await using again = await connectRaw({ url: hub.url });
    const { id } = await again.hello({ token: await hub.token('bob'), rooms: [{ room: 'lobby:main', position }] });
    expect(await again.nextOf('joined')).toMatchObject({ id, recovered: true, missed: 500, position });
    for (let offset = 1; offset <= 500; offset++)
      expect(await again.nextOf('event')).toMatchObject({ offset, data: { text: `${offset}` } });
    await ann.publish('lobby:main', 'message', { text: 'live' });
    expect(await again.nextOf('event')).toMatchObject({ offset: 501 });
  });

  test('says why when it can not', async () => {
    await using hub = await startHub({ limits: { historySize: 5 } });
    await using ann = await connect(hub, 'ann');
    const { position } = await ann.join('lobby:main');
    for (let n = 1; n <= 7; n++) await ann.publish('lobby:main', 'message', { text: `${n}` });
    await using bob = await connect(hub, 'bob');
    expect(await bob.join('lobby:main', { position })).toMatchObject({
      recovered: false,
      reason: 'trimmed',
      missed: 0,
      position: { offset: 7 },
    });
    expect(await bob.join('lobby:main', { position: { ...position, epoch: 'other' } })).toMatchObject({
      recovered: false,
      reason: 'epoch_changed',
    });
    expect(await bob.join('lobby:main', { position: { ...position, offset: 99, lastId: 'x' } })).toMatchObject({
      recovered: false,
      reason: 'rewound',
    });
    expect(await bob.join('lobby:main', { position: { ...position, offset: 6, lastId: 'x' } })).toMatchObject({
      recovered: false,
      reason: 'rewound',
    });
    expect(await bob.join('lobby:main', { rewind: 2 })).toMatchObject({
      recovered: false,
      missed: 2,
      position: { offset: 5 },
    });
    expect(await bob.nextOf('event')).toMatchObject({ offset: 6 });
    expect(await bob.nextOf('event')).toMatchObject({ offset: 7 });
  });

  test('a purged room tells its members a gap', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    await ann.join('lobby:main');
    await ann.publish('lobby:main', 'message', { text: '1' });
    await hub.hub.purge('lobby:main');
    expect(await ann.nextOf('gap')).toMatchObject({ reason: 'purged', from: { offset: 1 }, position: { offset: 0 } });
    expect(await ann.publish('lobby:main', 'message', { text: '2' })).toMatchObject({ offset: 1 });
  });
});

describe('access', () => {
  test('no such room and not yours are the same refusal', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    await expect(ann.join('booking:1')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(ann.join('nothing:1')).rejects.toMatchObject({ code: 'unknown_room_kind' });
    await expect(ann.join('booking:{x}')).rejects.toMatchObject({ code: 'invalid_room' });
  });

  test('a removed relation ends the membership at once', async () => {
    await using hub = await startHub();
    await hub.hub.directory.change({ object: 'booking:1', relation: 'owner', user: 'ann', present: true });
    await using ann = await connect(hub, 'ann');
    await ann.join('booking:1');
    await hub.hub.directory.change({ object: 'booking:1', relation: 'owner', user: 'ann', present: false });
    expect(await ann.nextOf('left')).toMatchObject({ room: 'booking:1', reason: 'relation_removed' });
  });

  test('a revoked token closes its connections and is refused', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann', { jti: 't1' });
    await hub.hub.revoke({ tokenId: 't1' });
    expect(await ann.nextOf('goaway')).toMatchObject({ code: 4102 });
    expect(await ann.closed).toMatchObject({ code: 4102 });
  });

  test('a refresh keeps the connection, never the subject', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann', { rooms: ['booking:1'] });
    await ann.join('booking:1');
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { rooms: ['booking:2'] }) });
    expect(await ann.nextOf('response')).toMatchObject({
      id: 'r1',
      data: { joined: ['booking:2'], left: ['booking:1'] },
    });
    ann.send({ type: 'refresh', id: 'r2', token: await hub.token('bob') });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'r2', code: 'subject_changed' });
    expect(await ann.closed).toMatchObject({ code: 4503 });
  });

  test('a token that ends closes its connection', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 200, timeoutMs: 1_000 } });
    await using ann = await connectRaw({ url: hub.url });
    await ann.hello({ token: await hub.token('ann', { lifeSeconds: -3 }), rooms: [{ room: 'lobby:a' }] });
    await ann.nextOf('joined');
    expect(ann.seen.map(({ type }) => type)).toEqual(['welcome', 'expiring', 'joined']);
    expect(await ann.closed).toMatchObject({ code: 4101 });
  });
});

describe('requests and calls', () => {
  test('an action answers once with progress before, and a retry attaches', async () => {
    await using hub = await startHub();
    let runs = 0;
    hub.hub.handle('echo', async (input, { progress }) => {
      runs += 1;
      progress({ half: true });
      return input;
    });
    await using ann = await connect(hub, 'ann');
    ann.send({ type: 'request', id: 'q1', action: 'echo', data: { a: 1 } });
    expect(await ann.nextOf('progress')).toMatchObject({ id: 'q1', data: { half: true } });
    expect(await ann.nextOf('response')).toMatchObject({ id: 'q1', data: { a: 1 } });
    ann.send({ type: 'request', id: 'q1', action: 'echo', data: { a: 1 } });
    expect(await ann.nextOf('response')).toMatchObject({ id: 'q1', data: { a: 1 } });
    expect(runs).toBe(1);
    ann.send({ type: 'request', id: 'q2', action: 'nothing', data: {} });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'q2', code: 'unknown_action' });
  });

  test('a cancelled request settles cancelled and its handler is told', async () => {
    await using hub = await startHub();
    const aborted = deferred();
    hub.hub.handle(
      'echo',
      (_, { signal, progress }) =>
        new Promise((_resolve, reject) => {
          progress({ started: true });
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(signal.reason);
          });
        }),
    );
    await using ann = await connect(hub, 'ann');
    ann.send({ type: 'request', id: 'q1', action: 'echo', data: {} });
    await ann.nextOf('progress');
    ann.send({ type: 'cancel', id: 'c1', of: 'q1' });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'q1', code: 'cancelled' });
    await aborted.promise;
  });

  test('the server asks a client and gets its result', async () => {
    await using hub = await startHub();
    await using ann = await connectRaw({ url: hub.url });
    const { connectionId } = await ann.hello({ token: await hub.token('ann') });
    const asked = hub.hub.call({ connectionId }, 'client_tool_call', { tool: 'map' });
    const call = await ann.nextOf('call');
    ann.send({ type: 'result', id: 'r1', of: call.id, data: { ok: true } });
    expect(await asked).toEqual({ ok: true });
  });
});

describe('limits', () => {
  test('a burst beyond the rate is refused, and later publishes keep their order', async () => {
    await using hub = await startHub({ limits: { messageBurst: 3, messagesPerSecond: 1 } });
    await using ann = await connect(hub, 'ann');
    for (const id of ['a', 'b', 'c', 'd', 'e'])
      ann.send({ type: 'publish', id, room: 'lobby:main', event: 'message', data: { text: id } });
    for (const id of ['a', 'b', 'c']) expect(await ann.nextOf('ack')).toMatchObject({ id });
    for (const id of ['d', 'e'])
      expect(await ann.nextOf('error')).toMatchObject({ id, code: 'rate_limited', retryable: true });
  });

  test('a client that stays silent is closed, one that answers pings is not', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 200 } });
    await using talker = await connect(hub, 'ann');
    await using silent = await connectRaw({ url: hub.url, answerPings: false });
    await silent.hello({ token: await hub.token('bob') });
    expect(await silent.closed).toMatchObject({ code: 4000 });
    expect((await talker.publish('lobby:main', 'message', { text: 'here' })).offset).toBe(1);
  });

  test('a client that came early is told the spread of its reconnect anew once the node has filled', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 5_000 } });
    await using early = await connectRaw({ url: hub.url, answerPings: false });
    const { limits } = await early.hello({ token: await hub.token('ann') });
    expect(limits.reconnectSpreadMs).toBe(2);
    expect(await early.nextOf('ping')).toEqual({ type: 'ping' });
    const others: RawClient[] = [];
    for (let n = 0; n < 50; n++) others.push(await connect(hub, `u${n}`));
    const told = await early.nextWhere((frame) => frame.type === 'ping' && 'reconnectSpreadMs' in frame, 'the spread');
    expect(told).toEqual({ type: 'ping', reconnectSpreadMs: 102 });
    expect(await early.nextOf('ping')).toEqual({ type: 'ping' });
    await Promise.all(others.map((other) => other.close()));
  });

  test('twenty malformed frames close the connection, fewer do not', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann');
    for (let n = 0; n < 19; n++) ann.sendText('{');
    for (let n = 0; n < 19; n++) expect(await ann.nextOf('error')).toMatchObject({ code: 'malformed' });
    ann.sendText('[]');
    expect(await ann.closed).toMatchObject({ code: 4501 });
  });
});

test('a client that closes to reconnect stays present for the grace, one that leaves does not', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  await ann.join('lobby:main');
  for (const [userId, code] of [
    ['bob', 4000],
    ['eve', 1000],
  ] as const) {
    const client = await connect(hub, userId);
    await client.join('lobby:main');
    client.socket.close(code);
    await client.closed;
  }
  const order: string[] = [];
  while (!order.includes('bob leave')) {
    const frame = await ann.nextOf('presence');
    if (frame.change !== 'sync') order.push(`${frame.member.userId} ${frame.change}`);
  }
  expect(order).toEqual(['bob join', 'eve join', 'eve leave', 'bob leave']);
});

test('the newest socket of a session wins and the older is superseded', async () => {
  await using hub = await startHub();
  const token = await hub.token('ann');
  await using first = await connectRaw({ url: hub.url });
  const { session } = await first.hello({ token });
  await using second = await connectRaw({ url: hub.url });
  expect((await second.hello({ token, session })).session).toBe(session);
  expect(await first.closed).toMatchObject({ code: 4500 });
});

test('one connection is sent to, when both are in one room', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  await using bob = await connectRaw({ url: hub.url });
  const { connectionId } = await bob.hello({ token: await hub.token('bob') });
  await bob.join('lobby:main');
  await ann.join('lobby:main');
  ann.send({ type: 'send', id: 's1', to: connectionId, event: 'message', data: { text: 'psst' } });
  expect(await bob.nextOf('event')).toMatchObject({ data: { text: 'psst' }, from: { userId: 'ann' } });
  ann.send({ type: 'send', id: 's2', to: 'nobody', event: 'message', data: { text: 'psst' } });
  expect(await ann.nextOf('error')).toMatchObject({ id: 's2', code: 'not_found' });
});

test('receipts are cumulative and told to the room', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  await using bob = await connect(hub, 'bob');
  await ann.join('lobby:main');
  const { position } = await bob.join('lobby:main');
  await ann.publish('lobby:main', 'message', { text: '1' });
  bob.send({ type: 'read', id: 'r1', room: 'lobby:main', epoch: position.epoch, offset: 1, kind: 'read' });
  expect(await bob.nextOf('response')).toMatchObject({ id: 'r1' });
  expect(await ann.nextOf('receipt')).toMatchObject({ room: 'lobby:main', cursors: [{ userId: 'bob', read: 1 }] });
  await using eve = await connect(hub, 'eve');
  await eve.join('lobby:main');
  expect(await eve.nextOf('receipt')).toMatchObject({ room: 'lobby:main', cursors: [{ userId: 'bob', read: 1 }] });
});

test('receipts are counted for who asks, also in a room that is too large to be pushed them', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  const { position } = await ann.join('lobby:main');
  const others = await Promise.all(Array.from({ length: 50 }, (_, n) => connect(hub, `u${n}`)));
  for (const other of others) await other.join('lobby:main');
  for (const text of ['1', '2', '3']) await ann.publish('lobby:main', 'message', { text });
  const { epoch } = position;
  const moved = [
    [ann, 'read', 3],
    [others[0], 'read', 3],
    [others[1], 'read', 1],
    [others[1], 'delivered', 3],
    [others[2], 'delivered', 2],
  ] as const;
  for (const [n, [client, kind, offset]] of moved.entries()) {
    client?.send({ type: 'read', id: `r${n}`, room: 'lobby:main', epoch, offset, kind });
    await client?.nextOf('response');
  }
  const counts = [];
  for (const offset of [1, 2, 3]) {
    ann.send({ type: 'receipts', id: `c${offset}`, room: 'lobby:main', offset });
    counts.push((await ann.nextOf('response')).data);
  }
  expect(counts).toEqual([
    { epoch, delivered: 3, read: 2 },
    { epoch, delivered: 3, read: 1 },
    { epoch, delivered: 2, read: 1 },
  ]);
  await expect(ann.nextOf('receipt', 300)).rejects.toThrow();
  await using eve = await connect(hub, 'eve');
  eve.send({ type: 'receipts', id: 'c', room: 'lobby:main', offset: 1 });
  expect(await eve.nextOf('error')).toMatchObject({ id: 'c', code: 'not_joined' });
  await Promise.all(others.map((other) => other.close()));
});

test('a rewind reaches as far back as its kind keeps events', async () => {
  const contract = defineContract({
    rooms: { log: { join: ['user'], historySize: 30, events: { line: durable(z.looseObject({})) } } },
  });
  await using hub = await startHub({ contract, limits: { historySize: 10 } });
  await using ann = await connect(hub, 'ann');
  await ann.join('log:a');
  for (let n = 0; n < 25; n++) await ann.publish('log:a', 'line', { n });
  await using bob = await connect(hub, 'bob');
  expect(await bob.join('log:a', { rewind: 20 })).toMatchObject({ missed: 20, position: { offset: 5 } });
});

test('a rewind that is bounded by bytes begins after the oldest event that was read', () => {
  const entries = [7, 8, 9].map((offset) => ({ id: `e${offset}`, offset }) as LoggedEvent);
  const page = {
    entries,
    head: { epoch: 'e', offset: 9, lastId: 'e9' },
    trimmed: { offset: 2, id: 'e2' },
    born: { offset: 0, id: '' },
  };
  expect(rewindStart(page, 5)).toEqual({ epoch: 'e', offset: 7, lastId: 'e7' });
  expect(rewindStart({ ...page, trimmed: { offset: 6, id: 'e6' } }, 5)).toMatchObject({ offset: 6, lastId: 'e6' });
});

test('a service publishes anywhere but where deliveries are proved', async () => {
  await using hub = await startHub();
  await using service = await connect(hub, 'backend', { roles: ['service'] });
  await service.publish('booking:1', 'status_update', { bookingId: '1', status: 'done' });
  await expect(service.publish('verify:1', 'probe', {})).rejects.toMatchObject({ code: 'forbidden' });
});

test('pages of history asked for all at once do not make a slow reader', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann', { roles: ['service'] });
  for (let n = 0; n < 100; n++) await ann.publish('lobby:main', 'message', { text: 'x'.repeat(20_000) });
  for (let n = 0; n < 30; n++) ann.send({ type: 'history', id: `h${n}`, room: 'lobby:main', limit: 100 });
  for (let n = 0; n < 30; n++)
    expect(await ann.nextOf('response')).toMatchObject({ data: { position: { offset: 100 } } });
});

test.each([
  ['many events, under a bound lower than replay takes at most', 20_000, [1_000, 1_000]],
  ['events nearly as large as the bound', 50_000, [10_000, 45_000]],
])('a replay of %s does not make a slow reader, whatever else comes', async (_, maxQueueBytes, [even = 0, odd = 0]) => {
  await using hub = await startHub({ limits: { maxQueueBytes } });
  await using ann = await connect(hub, 'ann', { roles: ['service'] });
  for (let n = 0; n < 100; n++)
    await ann.publish('lobby:main', 'message', { text: 'x'.repeat(n % 2 === 0 ? even : odd) });
  await using ben = await connectRaw({ url: hub.url });
  const rooms = [{ room: 'lobby:main', rewind: 100 }, { room: 'lobby:side' }];
  ben.send({ type: 'hello', id: 'h1', token: await hub.token('ben'), rooms });
  for (let n = 0; n < 200; n++) await ann.publish('lobby:side', 'message', { text: 'live' });
  const missed = (frame: ServerFrame) => frame.type === 'event' && frame.room === 'lobby:main';
  for (let offset = 1; offset <= 100; offset++)
    expect(await ben.nextWhere(missed, 'missed event')).toMatchObject({ offset });
});

test('a drain sends everyone away in time and refuses newcomers', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  const drained = hub.hub.drain({ windowMs: 100, deadlineMs: 5_000 });
  expect(await ann.nextOf('goaway')).toMatchObject({ code: 1012, reconnect: true });
  await expect(connectRaw({ url: hub.url })).rejects.toMatchObject({ status: 503 });
  expect(await ann.closed).toMatchObject({ code: 1012 });
  expect(await drained).toEqual({ outbox: 0 });
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
