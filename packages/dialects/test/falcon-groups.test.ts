import { expect, test } from 'vitest';
import { next, say } from './support/clients.js';
import { join, start, TIME } from './support/start-falcon.js';

test('joins the user’s own room and every group by itself', async () => {
  await using served = await start();
  await served.relate('group:a member alice', 'group:b member alice', 'group:c member bob');
  await using alice = await join(served, 'alice');
  const joined = [await next(alice, 'room_joined'), await next(alice, 'room_joined')];
  expect(joined.map(({ room }) => room).sort()).toEqual(['group:a', 'group:b']);
  expect(joined[0]).toEqual({
    type: 'room_joined',
    room: expect.any(String),
    data: { members: expect.any(Array) },
    timestamp: TIME,
  });
});

test('relation changes move a live connection and tell it', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  await served.relate('group:fleet member alice');
  const change = { user_id: 'alice', group_id: 'fleet', group_name: 'fleet' };
  expect(await next(alice, 'group_membership_change')).toEqual({
    type: 'group_membership_change',
    data: { ...change, joined: true },
    timestamp: TIME,
  });
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:fleet' });
  await served.unrelate('group:fleet member alice');
  expect(await next(alice, 'group_membership_change')).toMatchObject({ data: { ...change, joined: false } });
  expect(await next(alice, 'room_left')).toMatchObject({ room: 'group:fleet' });
  say(alice, { type: 'message', room: 'group:fleet', data: { text: 'x' } });
  expect(await next(alice, 'error')).toMatchObject({ room: 'group:fleet', data: { code: 'forbidden' } });
});

test('a group that was left is joined again only when its own relation is given anew', async () => {
  await using served = await start();
  await served.relate('group:a member alice');
  await using alice = await join(served, 'alice');
  await next(alice, 'room_joined');
  say(alice, { type: 'room_update', room: 'group:a', data: { action: 'leave' } });
  await next(alice, 'room_left');
  await served.relate('booking:42 owner alice', 'group:b member alice');
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:b' });
  await served.unrelate('group:a member alice');
  await served.relate('group:a member alice');
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:a' });
});

test('a message to a group comes from its sender’s connection, by which it is answered directly', async () => {
  await using served = await start();
  await served.relate('group:g member alice', 'group:g member bob', 'group:g member eve');
  await using alice = await join(served, 'alice');
  await using bob = await join(served, 'bob');
  await using eve = await join(served, 'eve');
  for (const client of [alice, bob, eve])
    await client.take(({ type, room }) => type === 'room_joined' && room === 'group:g', 'group:g');
  say(alice, { type: 'message', room: 'group:g', from: 'forged', data: { text: 'Hello!', sender: 'User' } });
  const message = await next(bob, 'message');
  expect(message).toEqual({
    type: 'message',
    room: 'group:g',
    from: expect.any(String),
    data: { text: 'Hello!', sender: 'User' },
    timestamp: TIME,
    id: expect.any(String),
  });
  expect(message.from).not.toBe('forged');
  expect(await next(alice, 'message')).toEqual(message);
  await next(eve, 'message');

  say(bob, { type: 'message', to: message.from, data: { text: 'psst' } });
  const direct = await next(alice, 'message');
  expect(direct).toMatchObject({ data: { text: 'psst' }, from: expect.any(String), to: message.from });
  expect(direct.from).not.toBe(message.from);
  say(bob, { type: 'custom_event', to: 'nobody', data: {} });
  await next(bob, 'error');
  say(bob, { type: 'message', room: 'group:g', data: { text: 'all' } });
  await eve.take(({ data }) => JSON.stringify(data) === '{"text":"all"}', 'all');
  expect(JSON.stringify(eve.seen)).not.toContain('psst');
});
