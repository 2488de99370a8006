import { connectRaw, eventually, type RedisServer, startFaultProxy, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from './start-hub.js';
import { freshPrefix, startNode } from './start-nodes.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Two nodes; the second talks to Redis through a proxy that can cut it off. */
async function startTwo(limits = {}) {
  const prefix = freshPrefix();
  const proxy = await startFaultProxy({ targetPort: redis.port });
  const here = await startNode({ url: redis.url, prefix, limits });
  const there = await startNode({ url: `redis://127.0.0.1:${proxy.port}`, prefix, limits });
  return {
    here,
    there,
    prefix,
    async cutOff() {
      await proxy.down();
      proxy.rstAll();
      await eventually(() => there.hub.status().state === 'degraded');
    },
    async restore() {
      await proxy.up();
      await eventually(() => there.hub.status().state === 'ready', { timeoutMs: 10_000 });
    },
    proxy,
    async [Symbol.asyncDispose]() {
      await Promise.all([here[Symbol.asyncDispose](), there[Symbol.asyncDispose]()]);
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const from = performance.now();
  await work;
  expect(performance.now() - from).toBeLessThan(ms);
};

describe.concurrent('on another node', () => {
  test('a removed relation ends deliveries and refuses the next publish within a second (S14)', async () => {
    await using nodes = await startTwo();
    const fact = { object: 'support:1', relation: 'agent', user: 'ann' };
    await nodes.here.hub.directory.change({ ...fact, present: true });
    await using ann = await connect(nodes.there, 'ann');
    await ann.join('support:1');
    await nodes.here.hub.directory.change({ ...fact, present: false });
    await within(1_000, ann.nextOf('left'));
    await nodes.here.hub.publish({
      rooms: ['support:1'],
      event: 'message',
      data: message('1'),
      from: { service: 's' },
    });
    await expect(ann.publish('support:1', 'message', message('2'))).rejects.toMatchObject({ code: 'forbidden' });
    expect(ann.seen.filter(({ type }) => type === 'event')).toEqual([]);
  });

  test.each([
    ['its id', (jti: string) => ({ tokenId: jti }), 4102],
    ['its subject', () => ({ userId: 'ann' }), 4102],
    ['the time of its issue', () => ({ userId: 'ann', issuedBefore: Date.now() + 1_000 }), 4102],
  ])('a token revoked by %s closes its sockets within a second and is refused (S13)', async (_, revocation, code) => {
    await using nodes = await startTwo();
    await using ann = await connect(nodes.there, 'ann', { jti: 't1' });
    await using bob = await connect(nodes.there, 'bob', { jti: 't2' });
    expect(await nodes.here.hub.revoke(revocation('t1'))).toEqual({ recorded: true });
    await within(1_000, ann.closed);
    expect(await ann.closed).toEqual({ code, reason: 'token_revoked' });
    await expect(connect(nodes.there, 'ann', { jti: 't1' })).rejects.toMatchObject({ code: 'token_revoked' });
    await expect(bob.join('lobby:a')).resolves.toBeDefined();
  });

  test('a disconnect closes every socket of the user within a second, and lets it come back (S13)', async () => {
    await using nodes = await startTwo();
    await using ann = await connect(nodes.there, 'ann');
    await using bob = await connect(nodes.there, 'bob');
    await nodes.here.hub.disconnect('ann');
    await within(1_000, ann.closed);
    expect((await ann.closed).code).toBe(4502);
    await using again = await connect(nodes.there, 'ann');
    await Promise.all([again.join('lobby:a'), bob.join('lobby:a')]);
  });

  test('what was disconnected or revoked is no session to come back to (S13)', async () => {
    await using nodes = await startTwo();
    const sessions: string[] = [];
    for (const end of [() => nodes.here.hub.revoke({ tokenId: 't1' }), () => nodes.here.hub.disconnect('ann')]) {
      await using ann = await connectRaw({ url: nodes.there.url });
      const { session } = await ann.hello({ token: await nodes.there.token('ann', { jti: `t${sessions.push('')}` }) });
      await end();
      await within(1_000, ann.closed);
      for (const { url, token } of [nodes.there, nodes.here]) {
        await using again = await connectRaw({ url });
        expect((await again.hello({ token: await token('ann', { jti: 'new' }), session })).session).not.toBe(session);
      }
    }
  });

  test('a session that is resumed there supersedes the socket here (S37)', async () => {
    await using nodes = await startTwo();
    const token = await nodes.here.token('ann');
    await using first = await connectRaw({ url: nodes.here.url });
    const { session } = await first.hello({ token });
    const rivals = await Promise.all([nodes.here, nodes.there].map(({ url }) => connectRaw({ url })));
    await Promise.all(rivals.map((client) => client.hello({ token, session })));
    expect((await first.closed).code).toBe(4500);
    const ended = rivals.map((client) => client.closed);
    expect((await Promise.race(ended)).code).toBe(4500);
    const left = await eventually(() => {
      const open = rivals.filter(({ socket }) => socket.readyState === socket.OPEN);
      return open.length === 1 ? open[0] : undefined;
    });
    await left.join('lobby:a');
    await left.publish('lobby:a', 'message', { text: 'x' });
    await left.nextOf('event');
    expect(left.seen.filter(({ type }) => type === 'event')).toHaveLength(1);
    for (const client of rivals) await client[Symbol.asyncDispose]();
  });
});

describe.concurrent('a node that hears nothing', () => {
  test('applies revocations, disconnects and lost relations first when it is back (S13)', async () => {
    await using nodes = await startTwo();
    const fact = { object: 'booking:1', relation: 'owner', user: 'cleo' };
    await nodes.here.hub.directory.change({ ...fact, present: true });
    await using ann = await connect(nodes.there, 'ann', { jti: 't1' });
    await using ben = await connect(nodes.there, 'ben');
    await using cleo = await connect(nodes.there, 'cleo');
    await cleo.join('booking:1');
    await nodes.cutOff();
    await nodes.here.hub.revoke({ tokenId: 't1' });
    await nodes.here.hub.disconnect('ben');
    await nodes.here.hub.directory.change({ ...fact, present: false });
    await using dora = await connect(nodes.there, 'dora');
    await nodes.restore();
    expect((await ann.closed).code).toBe(4102);
    expect((await ben.closed).code).toBe(4502);
    expect(await cleo.nextOf('left')).toMatchObject({ room: 'booking:1', reason: 'relation_removed' });
    await dora.join('lobby:a');
  });

  test('is refused by what was revoked before it started (S13)', async () => {
    const prefix = freshPrefix();
    await using here = await startNode({ url: redis.url, prefix });
    await here.hub.revoke({ tokenId: 't1' });
    await here.hub.revoke({ userId: 'ben' });
    await using late = await startNode({ url: redis.url, prefix });
    await expect(connect(late, 'ann', { jti: 't1' })).rejects.toMatchObject({ code: 'token_revoked' });
    await expect(connect(late, 'ben')).rejects.toMatchObject({ code: 'token_revoked' });
    await using _ann = await connect(late, 'ann', { jti: 't2' });
  });

  test('acts on its own orders at once, says that they are not recorded, and spreads them later (S13)', async () => {
    await using nodes = await startTwo();
    await using local = await connect(nodes.there, 'ann', { jti: 't1' });
    await using remote = await connect(nodes.here, 'ann', { jti: 't1' });
    await nodes.cutOff();
    expect(await nodes.there.hub.revoke({ tokenId: 't1' })).toEqual({ recorded: false });
    expect((await local.closed).code).toBe(4102);
    await nodes.restore();
    expect((await remote.closed).code).toBe(4102);
  });

  test('leaves what relations granted after AUTHORISATION_STALE_MS, retryably, and refuses fresh looks (S14)', async () => {
    await using nodes = await startTwo({ authorisationStaleMs: 3_000 });
    await nodes.here.hub.directory.change({ object: 'booking:1', relation: 'owner', user: 'ann', present: true });
    await using ann = await connect(nodes.there, 'ann');
    await ann.join('booking:1');
    await ann.join('lobby:a');
    await nodes.cutOff();
    expect(await ann.nextOf('left', 8_000)).toMatchObject({
      room: 'booking:1',
      reason: 'authorisation_stale',
      retryable: true,
    });
    await expect(ann.join('booking:1')).rejects.toMatchObject({ code: 'unavailable', frame: { retryable: true } });
    expect(ann.seen.filter(({ type }) => type === 'left')).toHaveLength(1);
    await nodes.restore();
    await ann.join('booking:1');
  });

  test('acts within two seconds when only its subscriber is silent (S13)', async () => {
    await using nodes = await startTwo();
    await using ann = await connect(nodes.there, 'ann', { jti: 't1' });
    nodes.proxy.connectionThat((sent) => sent.includes('subscribe')).hold('down');
    await nodes.here.hub.revoke({ tokenId: 't1' });
    await within(2_000, ann.closed);
  });
});

test('a Redis that lost everything learns revocations from the nodes (S13)', async () => {
  await using own = await startRedis();
  const prefix = freshPrefix();
  await using here = await startNode({ url: own.url, prefix });
  await here.hub.revoke({ userId: 'ann', issuedBefore: Date.now() + 60_000 });
  await own.command('FLUSHALL');
  await eventually(async () => (await own.command('EXISTS', `${prefix}:session-ends`)) === 1, { timeoutMs: 3_000 });
  await using late = await startNode({ url: own.url, prefix });
  await expect(connect(late, 'ann')).rejects.toMatchObject({ code: 'token_revoked' });
});

function message(id: string) {
  return { ticketId: '1', senderId: 'agent', message: { id, message: 'x', createdAt: '2026-01-01T00:00:00Z' } };
}
