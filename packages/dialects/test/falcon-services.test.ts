import { expect, test } from 'vitest';
import { serverMessageSchema } from '../src/falcon/schema.js';
import { next } from './support/clients.js';
import { join, start, TIME } from './support/start-falcon.js';

test('services reach a user and everybody', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  const profile = { user_id: 'alice', character_id: 123_456_789, profile: { character_name: 'Updated Name' } };
  const publish = (event: string, data: unknown) => served.hub.publish({ rooms: ['user:alice'], event, data });
  await publish('user_profile_update', profile);
  await publish('notification', { message: 'Ping' });
  await publish('group_membership_change', {
    user_id: 'alice',
    group_id: 'g',
    group_name: 'Fleet Commanders',
    joined: true,
  });
  await publish('status_update', { bookingId: '42', status: 'done' });
  await served.hub.broadcast('system_notification', { text: 'Restart at noon' });
  expect(await next(alice, 'user_profile_update')).toMatchObject({ data: profile, timestamp: TIME });
  expect(await next(alice, 'notification')).toMatchObject({ data: { message: 'Ping' } });
  expect(await next(alice, 'group_membership_change')).toMatchObject({ data: { group_name: 'Fleet Commanders' } });
  expect(await next(alice, 'custom_event')).toMatchObject({
    data: { event: 'status_update', data: { status: 'done' } },
  });
  expect(await next(alice, 'system_notification')).toMatchObject({ data: { text: 'Restart at noon' } });
  expect(alice.seen.every((message) => message.from === undefined || message.type === 'presence')).toBe(true);
  for (const message of alice.seen) serverMessageSchema.parse(message);
});

test('a broadcast of any event reaches everybody under a documented type', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  for (const type of ['system', 'notification', 'message', 'custom_event', 'user_profile_update']) {
    await served.hub.broadcast(type, { text: type });
    expect(await next(alice, type)).toEqual({ type, data: { text: type }, timestamp: TIME, id: expect.any(String) });
  }
  await served.hub.broadcast('maintenance', { at: 'noon' });
  expect(await next(alice, 'custom_event')).toMatchObject({ data: { event: 'maintenance', data: { at: 'noon' } } });
});
