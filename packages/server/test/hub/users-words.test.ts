import { startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { connect } from './start-hub.js';
import { freshPrefix, startNode } from './start-nodes.js';

test('what is wrong with Redis is told to the operator, not to clients', async () => {
  await using redis = await startRedis();
  const prefix = freshPrefix();
  await using node = await startNode({ url: redis.url, prefix });
  await using ann = await connect(node, 'ann');
  for (const key of ['log', 'meta']) await redis.command('SET', `${prefix}:{lobby:bad}:${key}`, 'junk');
  ann.send({ type: 'history', id: '1', room: 'lobby:bad', limit: 1 });
  ann.send({ type: 'publish', id: '2', room: 'lobby:bad', event: 'message', data: { text: 'a' } });
  for (const _ of [1, 2])
    expect(await ann.nextOf('error')).toMatchObject({
      code: 'unavailable',
      message: 'This can not be answered just now; try again.',
      retryAfterMs: 1_000,
    });
  await expect(node.hub.history('lobby:bad', { limit: 1 })).rejects.toThrow('wrong type');
});
