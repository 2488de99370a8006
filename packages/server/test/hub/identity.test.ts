import { connectRaw, type RawClient } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { SECRET, type StartedHub, startHub, type TokenClaims } from './start-hub.js';

type Started = Pick<StartedHub<never>, 'url' | 'token'>;

async function connect(hub: Started, userId: string, claims?: TokenClaims): Promise<RawClient> {
  const client = await connectRaw({ url: hub.url });
  await client.hello({ token: await hub.token(userId, claims) });
  return client;
}

const now = () => Math.floor(Date.now() / 1_000);
const sign = (claims: { nbf?: number; exp?: number }, secret = SECRET) =>
  new SignJWT({ sub: 'ann', exp: now() + 600, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));

/** How a hello with this token is refused, and how long that took. */
async function refusalOf(hub: Started, token: string) {
  await using client = await connectRaw({ url: hub.url });
  const from = performance.now();
  client.send({ type: 'hello', id: 'h', token });
  const { code, message } = await client.nextOf('error');
  const tookMs = performance.now() - from;
  return { code, message, closed: await client.closed, tookMs };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe('a bad token (S2)', () => {
  test('is refused in the same words and with the same code, whatever is wrong with it', async () => {
    await using hub = await startHub();
    const expected = {
      code: 'unauthenticated',
      message: 'The token is not valid.',
      closed: { code: 4100, reason: 'unauthenticated' },
    };
    const bad = [
      'garbage',
      `${await sign({})}x`,
      await sign({}, 'another-secret-of-at-least-32-bytes!!'),
      await sign({ nbf: now() + 3_600 }),
      `eyJhbGciOiJub25lIn0.${(await sign({})).split('.')[1]}.`,
    ];
    for (const token of bad) expect(await refusalOf(hub, token)).toMatchObject(expected);
    expect(hub.hub.status().connections).toBe(0);
  });

  test('takes no longer to refuse than another', async () => {
    await using hub = await startHub();
    const garbage = 'garbage';
    const others = [await sign({}, 'another-secret-of-at-least-32-bytes!!'), await sign({ nbf: now() + 3_600 })];
    for (const other of others) {
      const [differences, refusals]: [number[], number[]] = [[], []];
      for (let pair = 0; pair < 40; pair++) {
        // In turn who is first; what the machine does meanwhile meets both, and the median forgets it.
        const order = pair % 2 === 0 ? [garbage, other] : [other, garbage];
        const tookMs = new Map<string, number>();
        for (const token of order) tookMs.set(token, (await refusalOf(hub, token)).tookMs);
        const refusalMs = tookMs.get(garbage) ?? Number.NaN;
        refusals.push(refusalMs);
        differences.push((tookMs.get(other) ?? Number.NaN) - refusalMs);
      }
      // The same class of latency however slow the machine is: a signature checked doubles what little a refusal takes.
      expect(Math.abs(median(differences))).toBeLessThan(3 * median(refusals));
    }
  });
});

describe('a refresh (S11, S12, S13)', () => {
  test('keeps the connection beyond the end of its first token', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 5_000 } });
    await using ann = await connect(hub, 'ann', { lifeSeconds: -4 });
    await using bob = await connect(hub, 'bob', { lifeSeconds: -4 });
    const { expiresAt } = await ann.nextOf('expiring');
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann') });
    await ann.nextOf('response');
    expect(await bob.closed).toEqual({ code: 4101, reason: 'token_expired' });
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt + 5_000);
    expect((await ann.join('lobby:a')).room).toBe('lobby:a');
  });

  test('with another short token is told of its end when half of it is over', async () => {
    await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 5_000 } });
    await using ann = await connect(hub, 'ann', { lifeSeconds: 4 });
    await ann.nextOf('expiring');
    const refreshedAt = Date.now();
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { lifeSeconds: 4 }) });
    const { expiresAt } = await ann.nextOf('expiring');
    expect(Date.now()).toBeGreaterThanOrEqual((refreshedAt + expiresAt) / 2);
  });

  test('with fewer rights leaves the rooms lost at once and tells so; the others see no change elsewhere', async () => {
    await using hub = await startHub();
    const rooms = ['booking:1', 'conversation:1'];
    await using bob = await connect(hub, 'bob', { rooms });
    for (const room of rooms) await bob.join(room);
    await using ann = await connect(hub, 'ann', { rooms });
    for (const room of rooms) await ann.join(room);
    for (const room of rooms)
      await bob.nextWhere((frame) => frame.type === 'presence' && frame.room === room, `presence in ${room}`);
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { rooms: ['conversation:1'] }) });
    expect(await ann.nextOf('left')).toMatchObject({ room: 'booking:1', reason: 'token_refreshed' });
    expect(await bob.nextOf('presence')).toMatchObject({ room: 'booking:1', change: 'leave' });
    await hub.hub.publish({ rooms: ['booking:1'], event: 'status_update', data: { bookingId: '1', status: 'x' } });
    await bob.nextOf('event');
    expect(ann.seen.filter(({ type }) => type === 'event')).toEqual([]);
    expect(bob.pending.filter(({ type }) => type === 'presence')).toEqual([]);
    await ann.publish('conversation:1', 'typing', { isTyping: true });
  });

  test('leaves only the newest token to be revoked, and refuses a revoked one', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann', { jti: 't1' });
    ann.send({ type: 'refresh', id: 'r1', token: await hub.token('ann', { jti: 't2' }) });
    await ann.nextOf('response');
    await hub.hub.revoke({ tokenId: 't1' });
    ann.send({ type: 'refresh', id: 'r2', token: await hub.token('ann', { jti: 't1' }) });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'r2', code: 'token_revoked' });
    await ann.join('lobby:a');
    await hub.hub.revoke({ tokenId: 't2' });
    expect((await ann.closed).code).toBe(4102);
  });
});

describe('a room that is not yours (S34)', () => {
  test('is refused alike in every way to reach it, there or not', async () => {
    await using hub = await startHub();
    await using owner = await connect(hub, 'owner', { rooms: ['conversation:real'] });
    await owner.join('conversation:real');
    await using ann = await connect(hub, 'ann');
    const position = { epoch: 'e', offset: 0, lastId: '' };
    for (const room of ['conversation:real', 'conversation:none']) {
      ann.send({ type: 'join', id: `1${room}`, room });
      ann.send({ type: 'join', id: `2${room}`, room, position });
      ann.send({ type: 'publish', id: `3${room}`, room, event: 'chat', data: CHAT });
      ann.send({ type: 'publish', id: `4${room}`, room, event: 'typing', data: { isTyping: true } });
      ann.send({ type: 'history', id: `5${room}`, room, limit: 1 });
      ann.send({ type: 'presence', id: `6${room}`, room, state: {} });
    }
    const answers = new Map<string, object>();
    for (let n = 0; n < 12; n++) {
      const { id = '', ...error } = await ann.nextOf('error');
      answers.set(id, error);
    }
    for (const n of [1, 2, 3, 4, 5, 6])
      expect(answers.get(`${n}conversation:real`)).toEqual(answers.get(`${n}conversation:none`));
    for (const n of [1, 2, 3, 4, 5]) expect(answers.get(`${n}conversation:real`)).toMatchObject({ code: 'forbidden' });
    expect(owner.seen.filter(({ type }) => type === 'event' || type === 'presence')).toEqual([]);
  });

  test('is not opened by another company, nor to writing for who may only read', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub, 'ann', { company_id: 'c1' });
    await ann.join('company:c1');
    for (const room of ['company:c2', 'artifact:c2/1', 'artifact:c1c2/1', 'user:bob'])
      await expect(ann.join(room)).rejects.toMatchObject({ code: 'forbidden' });
    const update = { action: 'x', data: {} };
    await expect(ann.publish('company:c1', 'update', update)).rejects.toMatchObject({ code: 'forbidden' });
  });
});

test('what a client says of itself in a frame is not believed (S35)', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  await using bob = await connect(hub, 'bob');
  await bob.join('lobby:a');
  const forged = {
    from: { userId: 'root', service: 'root' },
    userId: 'root',
    roles: ['admin'],
    offset: 99,
    timestamp: 1,
  };
  const publish = { type: 'publish', id: 'p1', room: 'lobby:a', event: 'message', eventId: 'mine', epoch: 'mine' };
  ann.sendText(JSON.stringify({ ...publish, ...forged, data: { text: 'x' } }));
  await ann.nextOf('ack');
  const event = await bob.nextOf('event');
  expect(event).toMatchObject({
    offset: 1,
    from: { userId: 'ann', connectionId: expect.any(String) },
    data: { text: 'x' },
  });
  expect(event.timestamp).toBeGreaterThan(Date.now() - 60_000);
  expect([event.id, event.epoch]).not.toContain('mine');
  expect(JSON.stringify(event)).not.toContain('root');
});

test('the sender that an event names in its data is the one who publishes it (S35)', async () => {
  await using hub = await startHub();
  for (const relation of ['creator ann', 'agent bob']) {
    const [name = '', user = ''] = relation.split(' ');
    await hub.hub.directory.change({ object: 'support:7', relation: name, user, present: true });
  }
  await using ann = await connect(hub, 'ann');
  await using bob = await connect(hub, 'bob');
  await bob.join('support:7');
  const message = { id: 'm1', message: 'Hi', createdAt: 'now' };
  await ann.publish('support:7', 'message', { ticketId: '7', senderId: 'mallory', message });
  expect((await bob.nextOf('event')).data).toEqual({ ticketId: '7', senderId: 'ann', message });
  await ann.publish('support:7', 'message', { ticketId: '7', message });
  expect(await bob.nextOf('event')).toMatchObject({ data: { senderId: 'ann' } });
  await expect(ann.publish('support:7', 'message', null)).rejects.toMatchObject({ code: 'invalid_data' });
  const said = { ticketId: '7', senderId: 'the service knows', message };
  await hub.hub.publish({ rooms: ['support:7'], event: 'message', data: said });
  expect((await bob.nextOf('event')).data).toEqual(said);
});

describe('a resume (S36)', () => {
  test('with the session of another user, a forged one or one used before takes nobody over', async () => {
    await using hub = await startHub();
    await using bob = await connectRaw({ url: hub.url });
    const { session } = await bob.hello({ token: await hub.token('bob') });
    const [id = '', signature = ''] = session.split('.');
    for (const stolen of [session, `${id}.${'A'.repeat(signature.length)}`, `${id}.`, id, '.', `${session}.x`]) {
      await using mallory = await connectRaw({ url: hub.url });
      const welcome = await mallory.hello({ token: await hub.token('mallory'), session: stolen });
      expect(welcome.session.startsWith(id)).toBe(false);
    }
    await bob.join('lobby:a');
    await using again = await connectRaw({ url: hub.url });
    await again.hello({ token: await hub.token('bob'), session });
    expect((await bob.closed).code).toBe(4500);
  });

  test('asks again for the right to each room', async () => {
    await using hub = await startHub();
    const first = await connect(hub, 'ann', { rooms: ['conversation:1'] });
    const { position } = await first.join('conversation:1');
    await first.close();
    await hub.hub.publish({ rooms: ['conversation:1'], event: 'chat', data: CHAT });
    await using again = await connectRaw({ url: hub.url });
    await again.hello({ token: await hub.token('ann'), rooms: [{ room: 'conversation:1', position }] });
    expect(await again.nextOf('error')).toMatchObject({ code: 'forbidden', path: 'rooms.0' });
    await again.join('lobby:a');
    expect(again.seen.filter(({ type }) => type === 'event' || type === 'joined')).toHaveLength(1);
  });

  test.each(['9007199254740991', '9223372036854775808', '1e400', '-1', '1.5', '"1"', 'null', '[]'])(
    'from offset %s is refused, or told as not recovered',
    async (offset) => {
      await using hub = await startHub();
      await using ann = await connect(hub, 'ann');
      const { position } = await ann.join('lobby:a');
      await ann.publish('lobby:a', 'message', { text: 'x' });
      await ann.nextOf('event');
      const text = JSON.stringify({ type: 'join', id: 'j1', room: 'lobby:a', position: { ...position, offset: '#' } });
      ann.sendText(text.replace('"#"', offset));
      const answer = await ann.nextWhere((frame) => 'id' in frame && frame.id === 'j1', 'answer');
      if (answer.type === 'joined') expect(answer).toMatchObject({ recovered: false, reason: 'rewound', missed: 0 });
      else expect(answer).toMatchObject({ type: 'error', code: 'invalid_frame' });
      expect(ann.pending.filter(({ type }) => type === 'event')).toEqual([]);
    },
  );
});

const CHAT = { content: 'x', is_encrypted: false, message_type: 'text', metadata: {} };
