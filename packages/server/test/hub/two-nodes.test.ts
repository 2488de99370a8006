import type { ServerFrame } from '@trunkline/protocol';
import { eventually, type RawClient, startFaultProxy, startRedis } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect } from './start-hub.js';
import { freshPrefix, startNode, startPair } from './start-nodes.js';

async function offsets(client: RawClient, count: number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) seen.push((await client.nextOf('event', 10_000)).offset ?? 0);
  return seen;
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe.concurrent('two nodes on one Redis', () => {
  test('a member on the other node gets every event once and in order, and a resume there misses none', async () => {
    await using pair = await startPair();
    const { here, there } = pair;
    await using ann = await connect(here, 'ann');
    await using bob = await connect(there, 'bob');
    const { position } = await bob.join('lobby:main');
    const acks = await Promise.all(upTo(100).map((n) => ann.publish('lobby:main', 'message', { text: `${n}` })));
    expect(acks.map(({ offset }) => offset)).toEqual(upTo(100));
    expect(await offsets(bob, 100)).toEqual(upTo(100));
    await using eve = await connect(there, 'eve');
    expect(await eve.join('lobby:main', { position })).toMatchObject({ recovered: true, missed: 100 });
    expect(await offsets(eve, 100)).toEqual(upTo(100));
  });

  test('a node that drains gives those whom it sent away the grace to come back elsewhere', async () => {
    await using pair = await startPair();
    const { here, there } = pair;
    await using ann = await connect(here, 'ann');
    await using bob = await connect(there, 'bob');
    for (const client of [ann, bob]) await client.join('lobby:main');
    const drained = here.hub.drain({ windowMs: 0, deadlineMs: 20_000 }).then(() => here.hub.close());
    await ann.closed;
    const sentAway = performance.now();
    const isLeave = (frame: ServerFrame) => frame.type === 'presence' && frame.change === 'leave';
    expect(await bob.nextWhere(isLeave, 'leave')).toMatchObject({ member: { userId: 'ann' } });
    expect(performance.now() - sentAway).toBeGreaterThan(1_500);
    await drained;
  });

  test('what pub/sub lost is filled in from the log before later events', async () => {
    await using pair = await startPair();
    const { redis, here, there } = pair;
    await using ann = await connect(here, 'ann');
    await using bob = await connect(there, 'bob');
    await bob.join('lobby:main');
    for (let n = 1; n <= 200; n++) {
      if (n % 50 === 0) await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await ann.publish('lobby:main', 'message', { text: `${n}` });
    }
    expect(await offsets(bob, 200)).toEqual(upTo(200));
    expect(bob.seen.filter(({ type }) => type === 'gap')).toEqual([]);
  });

  test('while Redis is away a rejecting kind refuses, a provisional one goes on locally and is logged once it is back', async () => {
    await using redis = await startRedis({ appendonly: true });
    await using node = await startNode({ url: redis.url, prefix: freshPrefix() });
    await using ann = await connect(node, 'ann');
    await ann.join('lobby:main');
    await ann.join('user:ann');
    await redis.kill();
    await eventually(() => node.hub.status().state === 'degraded');
    await expect(ann.publish('lobby:main', 'message', { text: 'no' })).rejects.toMatchObject({ code: 'unavailable' });
    ann.send({ type: 'publish', id: 't1', room: 'lobby:main', event: 'typing', data: { isTyping: true } });
    expect(await ann.nextOf('ack')).toMatchObject({ id: 't1' });
    const publication = { rooms: ['user:ann'], event: 'notification', data: { n: 1 } } as const;
    const { eventId, provisional } = await node.hub.publish(publication);
    expect(provisional).toBe(true);
    expect(await ann.nextOf('event')).toMatchObject({ id: eventId, provisional: true });
    expect(ann.seen.at(-1)).not.toHaveProperty('offset');
    await redis.start();
    expect(await ann.nextOf('event', 15_000)).toMatchObject({ id: eventId, offset: 1 });
    expect((await node.hub.history('user:ann', { limit: 10 })).entries.map(({ id }) => id)).toEqual([eventId]);
  });

  test('members of a node that is gone leave within its lease and a tenth', async () => {
    await using redis = await startRedis();
    const prefix = freshPrefix();
    const leaseMs = 2_000;
    await using proxy = await startFaultProxy({ targetPort: redis.port });
    await using here = await startNode({ url: redis.url, prefix, backend: { presenceLeaseMs: leaseMs } });
    await using there = await startNode({
      url: `redis://127.0.0.1:${proxy.port}`,
      prefix,
      backend: { presenceLeaseMs: leaseMs },
    });
    await using ann = await connect(here, 'ann');
    await using bob = await connect(there, 'bob');
    await bob.join('lobby:main');
    await ann.join('lobby:main');
    // To the others a node without Redis is a node that was killed.
    await proxy.down();
    proxy.rstAll();
    const goneAt = performance.now();
    expect(await ann.nextOf('presence', 10_000)).toMatchObject({ change: 'leave', member: { userId: 'bob' } });
    expect(performance.now() - goneAt).toBeLessThan(leaseMs * 1.1 + 300);
    await proxy.up();
    expect(await ann.nextOf('presence', 15_000)).toMatchObject({ change: 'join', member: { userId: 'bob' } });
  });

  test('a request sent again on the other node gets the first result', async () => {
    await using pair = await startPair();
    const { here, there } = pair;
    let runs = 0;
    for (const node of [here, there]) node.hub.handle('echo', () => ({ run: ++runs }));
    await using first = await connect(here, 'ann');
    await using second = await connect(there, 'ann');
    for (const client of [first, second]) {
      client.send({ type: 'request', id: 'q1', action: 'echo', data: {} });
      expect(await client.nextOf('response')).toMatchObject({ id: 'q1', data: { run: 1 } });
    }
  });

  test('a node that ends does not report its Redis as lost', async () => {
    await using redis = await startRedis();
    const warnings: string[] = [];
    const node = await startNode({ url: redis.url, prefix: freshPrefix(), warnings });
    await node[Symbol.asyncDispose]();
    expect(warnings).toEqual([]);
  });

  test('a purge that failed does not explain the gap of a Redis that lost its data', async () => {
    await using redis = await startRedis();
    await using node = await startNode({ url: redis.url, prefix: freshPrefix() });
    await using ann = await connect(node, 'ann');
    await ann.join('lobby:main');
    await ann.publish('lobby:main', 'message', { text: 'x' });
    redis.pause();
    await eventually(() => node.hub.status().state === 'degraded', { timeoutMs: 20_000 });
    await expect(node.hub.purge('lobby:main')).rejects.toMatchObject({ code: 'unavailable' });
    redis.resume();
    await redis.command('FLUSHALL');
    expect(await ann.nextOf('gap', 20_000)).toMatchObject({ reason: 'epoch_changed' });
  });
});
