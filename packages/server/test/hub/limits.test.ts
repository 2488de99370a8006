import { connectRaw, type RawClient } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

type Frame = Parameters<RawClient['send']>[0];

/** Sends frames 0 to n-1 at once; resolves with how many were refused as too many. */
async function flood(client: RawClient, count: number, frame: (n: number) => Frame): Promise<number> {
  for (let n = 0; n < count; n++) client.send(frame(n));
  let refused = 0;
  for (let n = 0; n < count; n++) {
    const answer = await client.nextWhere(({ type }) => type !== 'event' && type !== 'presence', 'answer');
    if (answer.type !== 'error' || answer.code !== 'rate_limited') continue;
    expect(answer).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) });
    refused++;
  }
  return refused;
}

const SLOW = { messagesPerSecond: 1, messageBurst: 4 };
const publish = (n: number): Frame => ({
  type: 'publish',
  id: `p${n}`,
  room: 'lobby:a',
  event: 'message',
  data: { text: 'x' },
});

describe('a flood (S31)', () => {
  test.each([
    ['joins', (n: number): Frame => ({ type: 'join', id: `j${n}`, room: `lobby:${n}` })],
    ['publishes', publish],
    ['requests', (n: number): Frame => ({ type: 'request', id: `q${n}`, action: 'echo', data: {} })],
    ['pages of history', (n: number): Frame => ({ type: 'history', id: `h${n}`, room: 'lobby:a', limit: 1 })],
  ] as const)('of %s is refused beyond the burst, with the time to wait', async (_, frame) => {
    await using hub = await startHub({ limits: SLOW });
    hub.hub.handle('echo', (input) => input);
    await using ann = await connect(hub, 'ann');
    await using bob = await connect(hub, 'bob');
    expect(await flood(ann, 10, frame)).toBe(6);
    expect(await flood(bob, 1, publish)).toBe(0);
  });

  test('of refreshes is refused sooner than one of messages, and one of messages never keeps a refresh out', async () => {
    await using hub = await startHub({ limits: { messagesPerSecond: 10, messageBurst: 200 } });
    await using ann = await connect(hub, 'ann');
    const token = await hub.token('ann');
    expect(await flood(ann, 250, publish)).toBeGreaterThan(40);
    expect(await flood(ann, 15, (n) => ({ type: 'refresh', id: `r${n}`, token }))).toBe(5);
  });

  test('over many connections is refused by what the user sends altogether, on whichever connection', async () => {
    const limited: string[] = [];
    await using hub = await startHub({ limits: SLOW, observer: { limited: (limit) => void limited.push(limit) } });
    let refused = 0;
    for (let n = 0; n < 6; n++) {
      // Also one after the other: a new connection is not a new burst.
      await using client = await connect(hub, 'ann');
      refused += await flood(client, 4, publish);
    }
    expect(refused).toBeGreaterThanOrEqual(3);
    expect(limited).toContain('messages_per_user');
    await using bob = await connect(hub, 'bob');
    expect(await flood(bob, 4, publish)).toBe(0);
  });

  test('that goes on is closed 4003, whatever it is made of', async () => {
    await using hub = await startHub({ limits: SLOW });
    for (const frame of [JSON.stringify(publish(0)), '{"type":"pong"}']) {
      await using ann = await connect(hub, `user-${frame.length}`);
      for (let n = 0; n < 60; n++) ann.sendText(frame);
      expect(await ann.closed).toEqual({ code: 4003, reason: 'rate_limited' });
    }
  });

  test('by a service is none: services are trusted with their rate', async () => {
    await using hub = await startHub({ limits: SLOW });
    await using service = await connect(hub, 'backend', { roles: ['service'] });
    expect(await flood(service, 20, publish)).toBe(0);
  });
});

describe('too many (S32)', () => {
  test('rooms are refused by name, and one may be left for another', async () => {
    await using hub = await startHub({ limits: { roomsPerConnection: 2 } });
    await using ann = await connect(hub, 'ann');
    await ann.join('lobby:a');
    await ann.join('lobby:b');
    await expect(ann.join('lobby:c')).rejects.toMatchObject({ code: 'too_many_rooms' });
    ann.send({ type: 'leave', id: 'l1', room: 'lobby:a' });
    await ann.nextOf('response');
    await ann.join('lobby:c');
  });

  test('rooms are refused also when they are named all at once, the last ones first', async () => {
    await using hub = await startHub({ limits: { roomsPerConnection: 2 } });
    const names = ['lobby:a', 'lobby:b', 'lobby:c', 'lobby:d'];
    await using ann = await connect(hub, 'ann');
    for (const room of names) ann.send({ type: 'join', id: room, room });
    const refused: unknown[] = [];
    for (let answers = 0; answers < names.length; answers++) {
      const answer = await ann.nextWhere(({ type }) => type === 'joined' || type === 'error', 'an answer');
      if (answer.type === 'error') refused.push([answer.id, answer.code]);
    }
    expect(refused.sort()).toEqual([
      ['lobby:c', 'too_many_rooms'],
      ['lobby:d', 'too_many_rooms'],
    ]);
    await using bob = await connectRaw({ url: hub.url });
    bob.send({ type: 'hello', id: 'h', token: await hub.token('bob'), rooms: names.map((room) => ({ room })) });
    expect(await bob.nextOf('error')).toMatchObject({ id: 'h', code: 'too_many_rooms', path: 'rooms.2' });
    expect(await bob.nextOf('error')).toMatchObject({ id: 'h', code: 'too_many_rooms', path: 'rooms.3' });
  });

  test('connections of one user are closed 4004, also when they come all at once', async () => {
    await using hub = await startHub({ limits: { connectionsPerUser: 3 } });
    const token = await hub.token('ann');
    const clients = await Promise.all(Array.from({ length: 10 }, () => connectRaw({ url: hub.url })));
    for (const client of clients) client.send({ type: 'hello', id: 'h', token });
    const codes: number[] = [];
    for (const client of clients) void client.closed.then(({ code }) => codes.push(code));
    await expect.poll(() => codes.length).toBe(7);
    expect(codes).toEqual(Array(7).fill(4004));
    expect(hub.hub.status().connections).toBe(3);
    await using _bob = await connect(hub, 'bob');
    for (const client of clients) await client[Symbol.asyncDispose]();
    await expect.poll(() => hub.hub.status().connections).toBe(1);
    await using _ann = await connect(hub, 'ann');
  });

  test('connections of one user do not keep it from its own session, whose old socket may be half-open', async () => {
    await using hub = await startHub({ limits: { connectionsPerUser: 2 } });
    const token = await hub.token('ann');
    const early = await connectRaw({ url: hub.url });
    const ended = await early.hello({ token });
    await early.close();
    await using half = await connectRaw({ url: hub.url });
    const { session } = await half.hello({ token });
    await using _other = await connect(hub, 'ann');
    half.socket.pause();
    // The second time before the first socket, which never answers, has ended.
    await using second = await connectRaw({ url: hub.url });
    expect(await second.hello({ token, session })).toMatchObject({ session });
    await using third = await connectRaw({ url: hub.url });
    expect(await third.hello({ token, session })).toMatchObject({ session });
    expect(await second.closed).toMatchObject({ code: 4500 });
    await expect.poll(() => hub.hub.status().connections, { timeout: 5_000 }).toBe(2);
    // It makes no room for anything else, nor does a session without a connection.
    await using bob = await connectRaw({ url: hub.url });
    const foreign = await bob.hello({ token: await hub.token('bob') });
    for (const greeting of [{ token }, { token, session: foreign.session }, { token, session: ended.session }]) {
      await using more = await connectRaw({ url: hub.url });
      more.send({ type: 'hello', id: 'h', ...greeting });
      expect(await more.closed).toMatchObject({ code: 4004 });
    }
  });
});

test('a burst beyond the rate is refused, and later publishes keep their order', async () => {
  await using hub = await startHub({ limits: { messageBurst: 3, messagesPerSecond: 1 } });
  await using ann = await connect(hub, 'ann');
  for (const id of ['a', 'b', 'c', 'd', 'e'])
    ann.send({ type: 'publish', id, room: 'lobby:main', event: 'message', data: { text: id } });
  for (const id of ['a', 'b', 'c']) expect(await ann.nextOf('ack')).toMatchObject({ id });
  for (const id of ['d', 'e'])
    expect(await ann.nextOf('error')).toMatchObject({ id, code: 'rate_limited', retryable: true });
});

test('twenty malformed frames close the connection, fewer do not', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  for (let n = 0; n < 19; n++) ann.sendText('{');
  for (let n = 0; n < 19; n++) expect(await ann.nextOf('error')).toMatchObject({ code: 'malformed' });
  ann.sendText('[]');
  expect(await ann.closed).toMatchObject({ code: 4501 });
});
