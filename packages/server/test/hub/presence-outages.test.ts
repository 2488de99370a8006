import { connectRaw, eventually, type RawClient, startFaultProxy, startRedis } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { freshPrefix, startNode, startPair } from './start-nodes.js';

type Node = Awaited<ReturnType<typeof startNode>>;

const ROOM = 'lobby:main';
const SLOW = { timeoutMs: 5_000 };

async function enter(node: Node, userId: string): Promise<RawClient> {
  const client = await connectRaw({ url: node.url });
  await client.hello({ token: await node.token(userId), rooms: [{ room: ROOM }] });
  await client.nextOf('joined');
  return client;
}

/** What a client that watches believes: its snapshot and every change after it, as the SDK applies them. */
function usersSeenBy(client: RawClient): string[] {
  let version = 0;
  const users = new Map<string, unknown>();
  for (const frame of client.seen) {
    if (frame.type === 'joined') {
      for (const { userId, state } of frame.presence?.members ?? []) users.set(userId, state);
      version = frame.presence?.version ?? 0;
    }
    if (frame.type !== 'presence' || frame.version <= version) continue;
    version = frame.version;
    if (frame.change === 'sync') {
      users.clear();
      for (const { userId, state } of frame.members) users.set(userId, state);
    } else if (frame.change === 'leave') users.delete(frame.member.userId);
    else users.set(frame.member.userId, frame.member.state);
  }
  return [...users].map(([userId, state]) => `${userId} ${JSON.stringify(state)}`).sort();
}

describe.concurrent('presence over an outage of Redis', () => {
  test('who left while Redis could not be reached is gone after it, though the lease was held', async () => {
    await using redis = await startRedis();
    await using proxy = await startFaultProxy({ targetPort: redis.port });
    await using node = await startNode({ url: `redis://127.0.0.1:${proxy.port}`, prefix: freshPrefix() });
    await using ann = await enter(node, 'ann');
    await using bob = await enter(node, 'bob');
    await eventually(() => usersSeenBy(ann).length === 2);
    await proxy.down();
    proxy.rstAll();
    await eventually(() => node.hub.status().broker.state === 'degraded');
    bob.send({ type: 'leave', id: 'l1', room: ROOM });
    await bob.nextOf('response');
    await proxy.up();
    await eventually(() => usersSeenBy(ann).join() === 'ann null', SLOW);
  });

  test('a leave that Redis forgot when it came back older is told again', async () => {
    await using redis = await startRedis();
    await using node = await startNode({ url: redis.url, prefix: freshPrefix() });
    await using ann = await enter(node, 'ann');
    await using bob = await enter(node, 'bob');
    await eventually(() => usersSeenBy(ann).length === 2);
    await redis.command('SAVE');
    bob.send({ type: 'leave', id: 'l1', room: ROOM });
    await eventually(() => usersSeenBy(ann).length === 1);
    await redis.kill();
    await redis.start();
    await using carl = await enter(node, 'carl');
    await eventually(() => usersSeenBy(carl).join() === 'ann null,carl null', SLOW);
    await eventually(() => usersSeenBy(ann).join() === 'ann null,carl null', SLOW);
  });

  test('changes made after Redis came back with older versions reach every member, on every node', async () => {
    await using pair = await startPair();
    const { redis, here, there } = pair;
    await using ann = await enter(here, 'ann');
    await using bob = await enter(there, 'bob');
    await eventually(() => usersSeenBy(ann).length === 2);
    await redis.command('SAVE');
    for (let n = 1; n <= 20; n++) bob.send({ type: 'presence', id: `b${n}`, room: ROOM, state: n });
    await eventually(() => usersSeenBy(ann).includes('bob 20'));
    await redis.kill();
    await redis.start();
    await eventually(
      () => here.hub.status().broker.state === 'connected' && there.hub.status().broker.state === 'connected',
      SLOW,
    );
    bob.send({ type: 'presence', id: 'last', room: ROOM, state: 'last' });
    ann.send({ type: 'presence', id: 'ann', room: ROOM, state: 'too' });
    for (const client of [ann, bob]) {
      await eventually(() => usersSeenBy(client).join() === 'ann "too",bob "last"', SLOW);
    }
  });

  test('a restart of Redis that lost nothing tells nobody that a member joined, left or changed', async () => {
    await using redis = await startRedis({ appendonly: true });
    await using node = await startNode({ url: redis.url, prefix: freshPrefix() });
    await using ann = await enter(node, 'ann');
    await using phone = await enter(node, 'bob');
    phone.send({ type: 'presence', id: 'p1', room: ROOM, state: 'phone' });
    await phone.nextOf('response');
    await using desk = await enter(node, 'bob');
    desk.send({ type: 'presence', id: 'p2', room: ROOM, state: 'desk' });
    await eventually(() => usersSeenBy(ann).join() === 'ann null,bob "desk"');
    await redis.terminate();
    await eventually(() => node.hub.status().broker.state === 'degraded');
    const before = ann.seen.length;
    await redis.start();
    const synced = () => ann.seen.slice(before).find(({ type }) => type === 'presence');
    await eventually(() => synced() !== undefined, SLOW);
    expect(synced()).toMatchObject({ change: 'sync' });
    expect(usersSeenBy(ann)).toEqual(['ann null', 'bob "desk"']);
  });
});
