import { connectRaw, eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

describe('requests and calls', () => {
  test('an action answers once with progress before, and a retry attaches', async () => {
    await using hub = await startHub();
    let runs = 0;
    hub.hub.handle('echo', async (input, { progress }) => {
      runs += 1;
      progress({ half: true });
      return input;
    });
    await using ann = await connect(hub, 'ann');
    ann.send({ type: 'request', id: 'q1', action: 'echo', data: { a: 1 } });
    expect(await ann.nextOf('progress')).toMatchObject({ id: 'q1', data: { half: true } });
    expect(await ann.nextOf('response')).toMatchObject({ id: 'q1', data: { a: 1 } });
    ann.send({ type: 'request', id: 'q1', action: 'echo', data: { a: 1 } });
    expect(await ann.nextOf('response')).toMatchObject({ id: 'q1', data: { a: 1 } });
    expect(runs).toBe(1);
    ann.send({ type: 'request', id: 'q2', action: 'nothing', data: {} });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'q2', code: 'unknown_action' });
  });

  test('a cancelled request settles cancelled and its handler is told', async () => {
    await using hub = await startHub();
    const aborted = deferred();
    hub.hub.handle(
      'echo',
      (_, { signal, progress }) =>
        new Promise((_resolve, reject) => {
          progress({ started: true });
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(signal.reason);
          });
        }),
    );
    await using ann = await connect(hub, 'ann');
    ann.send({ type: 'request', id: 'q1', action: 'echo', data: {} });
    await ann.nextOf('progress');
    ann.send({ type: 'cancel', id: 'c1', of: 'q1' });
    expect(await ann.nextOf('error')).toMatchObject({ id: 'q1', code: 'cancelled' });
    await aborted.promise;
  });

  test('the server asks a client and gets its result', async () => {
    await using hub = await startHub();
    await using ann = await connectRaw({ url: hub.url });
    const { connectionId } = await ann.hello({ token: await hub.token('ann') });
    const asked = hub.hub.call({ connectionId }, 'client_tool_call', { tool: 'map' });
    const call = await ann.nextOf('call');
    ann.send({ type: 'result', id: 'r1', of: call.id, data: { ok: true } });
    expect(await asked).toEqual({ ok: true });
  });
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

test('a cancel ends the request that it names, and only that of its own connection', async () => {
  await using node = await startHub();
  const runs = new Map<unknown, { readonly signal: AbortSignal; finish(): void }>();
  node.hub.handle('echo', (input, { signal }) => {
    const { n } = input as { readonly n: number };
    return new Promise((resolve) => runs.set(n, { signal, finish: () => resolve({ n }) }));
  });
  const [ann, eve] = [await connect(node, 'ann'), await connect(node, 'ann')];
  for (const n of [1, 2]) ann.send({ type: 'request', id: `q${n}`, action: 'echo', data: { n } });
  await eventually(() => runs.size === 2);
  eve.send({ type: 'cancel', id: 'c1', of: 'q2' });
  // A frame behind it shows that it was read.
  await eve.publish('lobby:a', 'message', { text: 'after' });
  ann.send({ type: 'cancel', id: 'c2', of: 'q1' });
  expect(await ann.nextOf('error')).toMatchObject({ id: 'q1', code: 'cancelled' });
  expect([1, 2].map((n) => runs.get(n)?.signal.aborted)).toEqual([true, false]);
  for (const { finish } of runs.values()) finish();
  expect(await ann.nextOf('response')).toMatchObject({ id: 'q2', data: { n: 2 } });
  await Promise.all([ann.close(), eve.close()]);
});
