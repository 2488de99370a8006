import { connectRaw } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

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
