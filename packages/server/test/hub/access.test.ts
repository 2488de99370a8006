import { connectRaw } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

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

test('a service publishes anywhere but where deliveries are proved', async () => {
  await using hub = await startHub();
  await using service = await connect(hub, 'backend', { roles: ['service'] });
  await service.publish('booking:1', 'status_update', { bookingId: '1', status: 'done' });
  await expect(service.publish('verify:1', 'probe', {})).rejects.toMatchObject({ code: 'forbidden' });
});
