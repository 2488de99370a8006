import { setTimeout as pause } from 'node:timers/promises';
import {
  connectRaw,
  eventually,
  type RawClient,
  type RedisServer,
  startRedis,
  UpgradeRefused,
} from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { HubLimits } from '../../src/hub/hub-api.js';
import { SharedCounts } from '../../src/hub/shared-counts.js';
import { connect } from './start-hub.js';
import { freshPrefix, startNode } from './start-nodes.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

type Node = Awaited<ReturnType<typeof startNode>>;

async function startPair(limits: Partial<HubLimits>) {
  const prefix = freshPrefix();
  const nodes = [
    await startNode({ url: redis.url, prefix, limits }),
    await startNode({ url: redis.url, prefix, limits }),
  ];
  const [one, two] = nodes as [Node, Node];
  return {
    one,
    two,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  };
}

/** Null: let in. Otherwise the code of the refusal. */
async function tryConnect(
  node: Node,
  userId: string,
  session?: string,
): Promise<{ client: RawClient; code: number | null }> {
  const client = await connectRaw({ url: node.url });
  const token = await node.token(userId);
  client.send({ type: 'hello', id: 'h', token, ...(session === undefined ? {} : { session }) });
  const code = await Promise.race([
    client.nextOf('welcome').then(
      () => null,
      () => null,
    ),
    client.closed.then(({ code }) => code),
  ]);
  return { client, code };
}

/** Ephemeral events, as fast as they go. @returns how many were taken */
async function say(client: RawClient, count: number): Promise<number> {
  for (let n = 0; n < count; n++)
    client.send({ type: 'publish', id: `p${n}`, room: 'lobby:a', event: 'typing', data: { isTyping: true } });
  let taken = 0;
  for (let n = 0; n < count; n++) {
    const answer = await client.nextWhere(({ type }) => type === 'ack' || type === 'error', 'answer');
    if (answer.type === 'ack') taken++;
  }
  return taken;
}

describe('the rate of a user over two nodes (S31)', () => {
  test('what was spent on one node can not be spent again on the other', async () => {
    // A user may send five times what a connection may: a burst of 100 and 5 a second.
    await using pair = await startPair({ messagesPerSecond: 1, messageBurst: 20 });
    let taken = 0;
    for (let n = 0; n < 6; n++) {
      await using client = await connect(pair.one, 'ann');
      taken += await say(client, 20);
    }
    expect(taken).toBeGreaterThanOrEqual(100);
    let onTheOther = 0;
    await eventually(async () => {
      await using client = await connect(pair.two, 'ann');
      const one = await say(client, 1);
      onTheOther += one;
      return one === 0;
    });
    expect(onTheOther).toBeLessThan(80);
    await using bob = await connect(pair.two, 'bob');
    expect(await say(bob, 20)).toBe(20);
  });

  test('a user on both sends as much as on one', async () => {
    const perSecond = 50;
    const burst = 100;
    await using pair = await startPair({ messagesPerSecond: perSecond / 5, messageBurst: burst / 5 });
    const clients = await Promise.all(
      Array.from({ length: 20 }, (_, index) => connect(index % 2 === 0 ? pair.one : pair.two, 'ann')),
    );
    const startedAt = performance.now();
    let taken = 0;
    let seconds = 0;
    while (seconds < 4) {
      // A client that goes on although it is refused would be closed.
      const round = await Promise.all(clients.map((client) => say(client, 1)));
      for (const one of round) taken += one;
      await pause(50);
      seconds = (performance.now() - startedAt) / 1_000;
    }
    // Until they have heard of each other each of them gives a burst of its own.
    expect(taken).toBeGreaterThan(burst + perSecond * seconds * 0.7);
    expect(taken).toBeLessThan(2 * burst + perSecond * seconds);
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });
});

describe('connections over two nodes (S32)', () => {
  test('of one user are limited together, and a place that is free on one is free on the other', async () => {
    await using pair = await startPair({ connectionsPerUser: 3 });
    const first = await connect(pair.one, 'ann');
    await using _second = await connect(pair.one, 'ann');
    await using third = await connect(pair.two, 'ann');
    await eventually(async () => {
      const { client, code } = await tryConnect(pair.two, 'ann');
      await client[Symbol.asyncDispose]();
      return code === 4004;
    });
    await eventually(async () => {
      const { client, code } = await tryConnect(pair.one, 'ann');
      await client[Symbol.asyncDispose]();
      return code === 4004;
    });
    await using _bob = await connect(pair.two, 'bob');
    await first.close();
    await eventually(async () => {
      const { client, code } = await tryConnect(pair.two, 'ann');
      await client[Symbol.asyncDispose]();
      return code === null;
    });
    expect(third.socket.readyState).toBe(third.socket.OPEN);
  });

  test('of one user do not keep it from its own session, whose old socket is half-open on the other', async () => {
    await using pair = await startPair({ connectionsPerUser: 2 });
    const token = await pair.one.token('ann');
    await using half = await connectRaw({ url: pair.one.url });
    const { session } = await half.hello({ token });
    await using other = await connect(pair.one, 'ann');
    half.socket.pause();
    await eventually(async () => {
      const { client, code } = await tryConnect(pair.two, 'ann');
      await client[Symbol.asyncDispose]();
      return code === 4004;
    });
    await eventually(async () => {
      const { client, code } = await tryConnect(pair.two, 'ann', session);
      await client[Symbol.asyncDispose]();
      return code === null;
    });
    expect(other.socket.readyState).toBe(other.socket.OPEN);
  });

  test('of one address are limited together', async () => {
    await using pair = await startPair({ connectionsPerAddress: 4 });
    const three = await Promise.all(['ann', 'bob', 'cid'].map((userId) => connect(pair.one, userId)));
    await using _fourth = await connect(pair.two, 'dan');
    const refusal = (node: Node) =>
      connectRaw({ url: node.url }).then(
        async (client) => {
          await client[Symbol.asyncDispose]();
          return null;
        },
        (error: unknown) => (error instanceof UpgradeRefused ? error.status : error),
      );
    for (const node of [pair.two, pair.one]) await eventually(async () => (await refusal(node)) === 429);
    for (const client of three) await client[Symbol.asyncDispose]();
    await eventually(async () => (await refusal(pair.two)) === null);
  });

  test('of a node that died are forgotten', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const counts = new SharedCounts(1);
    counts.hear('one', [['ann', 2]]);
    counts.hear('two', [['ann', 3]]);
    vi.advanceTimersByTime(10_000);
    counts.hear('two', [['ann', 4]]);
    expect(counts.elsewhere('ann')).toBe(6);
    vi.advanceTimersByTime(3_000);
    expect(counts.elsewhere('ann')).toBe(4);
    counts.sweep();
    counts.hear('two', [['ann', 0]]);
    expect(counts.elsewhere('ann')).toBe(0);
    vi.useRealTimers();
  });

  test('are told while they are worth it, and once more when they are not', () => {
    const counts = new SharedCounts(5);
    counts.set('ann', 4);
    expect(counts.takeChanged()).toEqual([]);
    counts.set('ann', 5);
    counts.set('ann', 6);
    counts.set('bob', 1);
    expect(counts.takeChanged()).toEqual([['ann', 6]]);
    expect([...counts.all()]).toEqual([['ann', 6]]);
    counts.set('ann', 4);
    counts.set('ann', 3);
    expect(counts.takeChanged()).toEqual([['ann', 0]]);
    expect([...counts.takeChanged(), ...counts.all()]).toEqual([]);
  });
});
