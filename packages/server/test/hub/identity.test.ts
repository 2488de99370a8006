import { connectRaw } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

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
