import { connectRaw, type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';
import { freshPrefix, startNode } from './start-nodes.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const nodes = {
  memory: () => startHub(),
  redis: () => startNode({ url: redis.url, prefix: freshPrefix() }),
};
/** As good names as any, though each is a trap somewhere: a property of every object, a key of ours, a separator. */
const ROOMS = ['a', 'a:meta', 'a:log', 'a:present', '__proto__', 'constructor', 'prototype', 'toString'];
const USERS = ['__proto__', 'constructor', 'a b', '*', '{lobby:a}', 'a\nb', 'ann\u202e', 'é', 'e\u0301', 'u:1'];

describe.each(['memory', 'redis'] as const)('on %s', (kind) => {
  test('rooms whose names hold a property or a key of ours keep to themselves (S28, S29)', async () => {
    await using node = await nodes[kind]();
    await using ann = await connect(node, 'ann');
    for (const id of ROOMS) {
      await ann.join(`lobby:${id}`);
      expect(await ann.publish(`lobby:${id}`, 'message', { text: id })).toMatchObject({ offset: 1 });
      expect(await ann.nextOf('event')).toMatchObject({ room: `lobby:${id}`, offset: 1, data: { text: id } });
      expect((await node.hub.presence(`lobby:${id}`)).members.map(({ userId }) => userId)).toEqual(['ann']);
    }
    for (const id of ROOMS) expect((await node.hub.history(`lobby:${id}`, { limit: 10 })).entries).toHaveLength(1);
  });

  test('users whose ids are such names are users like others, and none of them is an admin (S28)', async () => {
    await using node = await nodes[kind]();
    for (const user of USERS) {
      await node.hub.directory.change({ object: 'booking:1', relation: 'owner', user, present: true });
      await using client = await connectRaw({ url: node.url });
      expect(await client.hello({ token: await node.token(user) })).toMatchObject({ userId: user });
      await client.join('booking:1');
      await expect(client.join('booking:2')).rejects.toMatchObject({ code: 'forbidden' });
      await node.hub.directory.change({ object: 'booking:1', relation: 'owner', user, present: false });
      expect(await client.nextOf('left')).toMatchObject({ room: 'booking:1' });
      await node.hub.disconnect(user);
      expect((await client.closed).code).toBe(4502);
    }
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test.each([
    'lobby:../a',
    'lobby:a/../b',
    'lobby:*',
    'lobby:{a}',
    'lobby:a\r\nb',
    'lobby:\u202e',
    `lobby:${'x'.repeat(300)}`,
  ])('the room name %j is refused or is a name of its own (S29)', async (room) => {
    await using node = await nodes[kind]();
    await using ann = await connect(node, 'ann');
    const answer = await ann.join(room).catch((error: { code: string }) => error);
    if ('code' in answer) expect(answer.code).toMatch(/^invalid_(room|frame)$/);
    else expect(answer.room).toBe(room);
  });
});
