import { TrunklineError } from '@trunkline/protocol';
import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';
import { freshPrefix, startNode } from './start-nodes.js';

/** Two nodes whose action `echo` answers its run's number once `finish` is called. */
async function startPair() {
  const redis = await startRedis();
  const prefix = freshPrefix();
  const proxy = await startFaultProxy({ targetPort: redis.port });
  const here = await startNode({ url: `redis://127.0.0.1:${proxy.port}`, prefix });
  const there = await startNode({ url: redis.url, prefix });
  const runs: { readonly finish: () => void; readonly fail: (error: Error) => void }[] = [];
  const signals: AbortSignal[] = [];
  for (const { hub } of [here, there]) {
    hub.handle('echo', (_, { signal }) => {
      signals.push(signal);
      const run = runs.length + 1;
      return new Promise((resolve, reject) => runs.push({ finish: () => resolve({ run }), fail: reject }));
    });
  }
  const ann = await connect(here, 'ann');
  const bob = await connect(there, 'ann');
  return {
    ...{ redis, proxy, here, there, runs, signals, ann, bob },
    async [Symbol.asyncDispose]() {
      for (const { finish } of runs) finish();
      await Promise.all([ann.close(), bob.close()]);
      await Promise.all([here, there].map((node) => node[Symbol.asyncDispose]()));
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

const request = (data: unknown = {}, more: { readonly timeoutMs?: number } = {}) =>
  ({ type: 'request', id: 'q1', action: 'echo', data, ...more }) as const;

const attached = async (redis: Awaited<ReturnType<typeof startRedis>>) =>
  eventually(async () => `${await redis.command('PUBSUB', 'CHANNELS', '*request-channel*')}` !== '');

/** Ann's request runs on her node, and Bob's waits for it on his. */
async function attachBob({ redis, runs, ann, bob }: Awaited<ReturnType<typeof startPair>>): Promise<void> {
  ann.send(request());
  await eventually(() => runs.length === 1);
  bob.send(request());
  await attached(redis);
}

describe.concurrent('a request', () => {
  test('that was cancelled where it is only waited for runs on for the others', async () => {
    await using pair = await startPair();
    const { runs, ann, bob } = pair;
    await attachBob(pair);
    bob.send({ type: 'cancel', id: 'c1', of: 'q1' });
    expect(await bob.nextOf('error')).toMatchObject({ id: 'q1', code: 'cancelled' });
    bob.send(request({}, { timeoutMs: 200 }));
    expect(await bob.nextOf('error')).toMatchObject({ id: 'q1', code: 'timeout' });
    bob.send(request());
    runs[0]?.finish();
    for (const client of [ann, bob])
      expect(await client.nextOf('response')).toMatchObject({ id: 'q1', data: { run: 1 } });
  });

  test('runs after all where Redis lost the answer to its claim', async () => {
    await using pair = await startPair();
    const { here, proxy, runs, ann, bob } = pair;
    // Redis knows the script by now.
    ann.send({ ...request(), id: 'q0' });
    await eventually(() => runs.length === 1);
    proxy.swallowReply((bytes) => bytes.includes('request:') && bytes.includes('q1'));
    ann.send(request());
    expect(await ann.nextOf('error')).toMatchObject({ code: 'unavailable', retryable: true });
    expect(proxy.counts.swallowed).toBe(1);
    bob.send(request());
    expect(await bob.nextOf('error', 8_000)).toMatchObject({ code: 'unavailable', retryable: true });
    await eventually(() => here.hub.status().state === 'ready', { timeoutMs: 8_000 });
    ann.send(request());
    await eventually(() => runs.length === 2);
    runs[1]?.finish();
    expect(await ann.nextOf('response')).toMatchObject({ id: 'q1', data: { run: 2 } });
  });

  test('that failed retryably runs again under its id, and who waited elsewhere is told', async () => {
    await using pair = await startPair();
    const { runs, ann, bob } = pair;
    await attachBob(pair);
    runs[0]?.fail(new TrunklineError('BUSY', 'Not now.', { retryable: true }));
    for (const client of [ann, bob])
      expect(await client.nextOf('error')).toMatchObject({ code: 'BUSY', retryable: true });
    bob.send(request());
    await eventually(() => runs.length === 2);
    runs[1]?.finish();
    expect(await bob.nextOf('response')).toMatchObject({ data: { run: 2 } });
  });

  test('with other data is a conflict on each node, while it runs and afterwards', async () => {
    await using pair = await startPair();
    const { runs, ann, bob } = pair;
    ann.send(request({ n: 1 }));
    await eventually(() => runs.length === 1);
    bob.send(request({ n: 2 }));
    expect(await bob.nextOf('error')).toMatchObject({ code: 'id_conflict' });
    runs[0]?.finish();
    expect(await ann.nextOf('response')).toMatchObject({ data: { run: 1 } });
    for (const client of [ann, bob]) {
      client.send(request({ n: 2 }));
      expect(await client.nextOf('error')).toMatchObject({ code: 'id_conflict' });
    }
  });

  test('keeps the node that runs it from closing, and is answered where its client went', async () => {
    await using pair = await startPair();
    const { here, runs, signals, ann, bob } = pair;
    ann.send(request());
    await eventually(() => runs.length === 1);
    let isDrained = false;
    const drained = here.hub.drain({ windowMs: 1, deadlineMs: 10_000 }).then(() => {
      isDrained = true;
    });
    await ann.nextOf('goaway');
    await ann.close();
    bob.send(request());
    await expect(bob.nextOf('response', 500)).rejects.toThrow();
    expect([isDrained, signals[0]?.aborted]).toEqual([false, false]);
    runs[0]?.finish();
    expect(await bob.nextOf('response')).toMatchObject({ data: { run: 1 } });
    await drained;
  });

  test('with other data is a conflict on one node, also where the handler answered at once', async () => {
    await using node = await startHub();
    node.hub.handle('echo', (input) => input);
    await using ann = await connect(node, 'ann');
    ann.send(request({ n: 1 }));
    expect(await ann.nextOf('response')).toMatchObject({ data: { n: 1 } });
    ann.send(request({ n: 2 }));
    expect(await ann.nextOf('error')).toMatchObject({ code: 'id_conflict' });
    ann.send(request({ n: 1 }));
    expect(await ann.nextOf('response')).toMatchObject({ data: { n: 1 } });
  });

  test('whose sender waits no longer runs on, and gives its result to who sends the id again', async () => {
    await using node = await startHub();
    let finish: (data: Record<string, unknown>) => void = () => undefined;
    let runs = 0;
    node.hub.handle('echo', () => {
      runs += 1;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    await using ann = await connect(node, 'ann');
    ann.send(request({}, { timeoutMs: 20 }));
    expect(await ann.nextOf('error')).toMatchObject({ code: 'timeout', retryable: true });
    ann.send(request());
    ann.send(request({}, { timeoutMs: 20 }));
    expect(await ann.nextOf('error')).toMatchObject({ code: 'timeout', retryable: true });
    finish({ late: true });
    expect(await ann.nextOf('response')).toMatchObject({ data: { late: true } });
    expect(runs).toBe(1);
  });

  test('whose sender would wait longer than any timer lasts is waited for', async () => {
    await using node = await startHub();
    node.hub.handle('echo', () => new Promise((resolve) => setTimeout(resolve, 20, { done: true })));
    await using ann = await connect(node, 'ann');
    ann.send(request({}, { timeoutMs: 1_000_000_000_000 }));
    expect(await ann.next()).toMatchObject({ type: 'response', id: 'q1', data: { done: true } });
  });

  test('tells its progress also to who waits on another node, before its answer', async () => {
    await using pair = await startPair();
    const { redis, here, there, ann, bob } = pair;
    let tell: ((data: unknown) => void) | undefined;
    let finish: () => void = () => undefined;
    for (const { hub } of [here, there]) {
      hub.handle('echo', (_, { progress }) => {
        tell = progress;
        return new Promise((resolve) => {
          finish = () => resolve({ done: true });
        });
      });
    }
    ann.send(request());
    await eventually(() => tell !== undefined);
    bob.send(request());
    await attached(redis);
    for (const percent of [1, 2]) tell?.({ percent });
    finish();
    for (const client of [ann, bob]) {
      const told = [await client.next(), await client.next(), await client.next()];
      expect(told).toMatchObject([
        { type: 'progress', id: 'q1', data: { percent: 1 } },
        { type: 'progress', id: 'q1', data: { percent: 2 } },
        { type: 'response', id: 'q1', data: { done: true } },
      ]);
    }
  });

  test('tells no progress once it is over, whatever its handler does', async () => {
    await using node = await startHub();
    const tells: ((data: unknown) => void)[] = [];
    node.hub.handle('echo', (input, { progress }) => {
      tells.push(progress);
      return (input as { readonly waits?: boolean }).waits ? new Promise(() => undefined) : {};
    });
    await using ann = await connect(node, 'ann');
    ann.send(request());
    await ann.nextOf('response');
    ann.send({ ...request({ waits: true }), id: 'q2' });
    await eventually(() => tells.length === 2);
    ann.send({ type: 'cancel', id: 'c1', of: 'q2' });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'q2', code: 'cancelled' });
    for (const tell of tells) tell({ late: true });
    ann.send({ ...request(), id: 'q3' });
    expect(await ann.next()).toMatchObject({ type: 'response', id: 'q3' });
  });

  test('that its action had no time for runs again under its id', async () => {
    await using node = await startHub({ limits: { actionTimeoutMs: 50 } });
    let runs = 0;
    node.hub.handle('echo', () => (++runs === 1 ? new Promise(() => undefined) : { runs }));
    await using ann = await connect(node, 'ann');
    ann.send(request());
    expect(await ann.nextOf('error')).toMatchObject({ code: 'timeout', retryable: true });
    ann.send(request());
    expect(await ann.nextOf('response')).toMatchObject({ data: { runs: 2 } });
  });
});
