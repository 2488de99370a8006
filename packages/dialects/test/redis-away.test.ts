import { eventually, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { bookingDialect, bookingService } from '../src/booking/index.js';
import { connect, next, say } from './support/clients.js';
import { startNode } from './support/start-node.js';

test('booking goes on locally while Redis is away, and shows nothing twice when it is back', async () => {
  await using redis = await startRedis({ appendonly: true });
  await using node = await startNode(redis, [bookingDialect()]);
  await using alice = await connect(node, '/ws', await node.token('alice'));
  say(alice, { type: 'join', room: 'user:alice' });
  await next(alice, 'joined_room');
  const service = bookingService(node.hub);
  await service.broadcastBookingStatus('1', 'alice', 'before');
  await next(alice, 'status_update');

  await redis.kill();
  await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 15_000 });
  const published = await service.broadcastBookingStatus('1', 'alice', 'while away');
  expect(published.provisional).toBe(true);
  expect(await next(alice, 'status_update')).toMatchObject({ status: 'while away' });

  await redis.start();
  await eventually(() => node.hub.status().state === 'ready', { timeoutMs: 15_000 });
  await eventually(async () =>
    JSON.stringify(await node.hub.history('user:alice', { limit: 10 })).includes('while away'),
  );
  await service.broadcastBookingStatus('1', 'alice', 'after');
  await alice.take(({ status }) => status === 'after', 'after');
  const statuses = alice.seen.filter(({ type }) => type === 'status_update').map(({ status }) => status);
  expect(statuses).toEqual(['before', 'while away', 'after']);
});
