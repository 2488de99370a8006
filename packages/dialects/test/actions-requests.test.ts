import { TrunklineError } from '@trunkline/protocol';
import { builtInContract, defineContract } from '@trunkline/protocol/contract';
import type { ActionRequest } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { actionsDialect } from '../src/actions/index.js';
import { serverMessageSchema } from '../src/actions/schema.js';
import { connectActions } from '../src/actions/speaker.js';
import { ACME, connect, openIo, request, start } from './support/start-actions.js';
import { startHub } from './support/start-hub.js';

test('answers a REQUEST as text or object with progress and a RESPONSE, by WebSocket and polling', async () => {
  await using served = await start(async ({ data, progress }) => {
    progress({ percent: 50 });
    return { got: data };
  });
  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
    await using alice = await connect(served, 'alice', { transports });
    alice.send(request('processData', { input: 'value' }));
    const common = { requestId: 'req-1', action: 'processData' };
    expect(await alice.take(({ type }) => type === 'UPDATE', 'UPDATE')).toEqual({
      type: 'UPDATE',
      ...common,
      data: { percent: 50 },
    });
    expect(await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE')).toEqual({
      type: 'RESPONSE',
      ...common,
      data: { got: { input: 'value' } },
    });
  }
});

test('hands the backend who asks, for which session and artifact', async () => {
  const requests: ActionRequest[] = [];
  await using served = await start(async (asked) => void requests.push(asked));
  await using alice = await connect(served, 'alice', { sessionId: 's-1', artifactId: 'doc/7' });
  alice.send(request('save', undefined));
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  expect(requests[0]).toMatchObject({
    requestId: 'req-1',
    action: 'save',
    sessionId: 's-1',
    artifactId: 'doc/7',
    data: {},
    principal: { userId: 'alice' },
  });
});

test('a REQUEST with an acknowledgement gets its answer there and as message', async () => {
  await using served = await start();
  const socket = await openIo(served, 'alice');
  const messages: unknown[] = [];
  socket.on('message', (message) => messages.push(message));
  const answer = await socket
    .timeout(5_000)
    .emitWithAck('message', { type: 'REQUEST', requestId: 'r', action: 'echo', data: { a: 1 } });
  expect(serverMessageSchema.parse(answer)).toMatchObject({ type: 'RESPONSE', requestId: 'r' });
  await eventually(() => messages.length === 1);
  expect(messages[0]).toEqual(answer);
  socket.disconnect();
});

test('errors keep a backend’s code and put ours in capitals', async () => {
  await using served = await start(async ({ action }) => {
    if (action === 'slow') throw new TrunklineError('timeout', 'The action did not answer in time.');
    throw new TrunklineError('stock_empty', 'Nothing left.');
  });
  await using alice = await connect(served, 'alice');
  alice.send(request('order', {}));
  expect(await alice.take(({ type }) => type === 'ERROR', 'ERROR')).toEqual({
    type: 'ERROR',
    requestId: 'req-1',
    action: 'order',
    error: { code: 'stock_empty', message: 'Nothing left.' },
  });
  alice.send(request('slow', {}));
  expect(await alice.take(({ type }) => type === 'ERROR', 'ERROR')).toMatchObject({ error: { code: 'TIMEOUT' } });
  alice.send(request('echo', 'no object'));
  expect(await alice.take(({ type }) => type === 'ERROR', 'ERROR')).toMatchObject({ error: { code: 'INVALID_DATA' } });
});

test('asks for the action’s role, checks its data, and ends it in its time', async () => {
  const refund = { input: z.object({ amount: z.number() }), roles: ['manager'], timeoutMs: 50 };
  const contract = defineContract({ ...builtInContract, actions: { ...builtInContract.actions, refund } });
  const asked: unknown[] = [];
  await using served = await startHub([actionsDialect()], {
    contract,
    forwardAction: ({ data }) => {
      asked.push(data);
      return new Promise(() => {});
    },
  });
  await using clerk = await connect(served, 'clerk');
  const token = await served.token('mia', { ...ACME, roles: ['manager'] });
  await using manager = await connectActions(served.port, { token });
  for (const [client, data, code] of [
    [clerk, { amount: 1 }, 'FORBIDDEN'],
    [manager, { amount: 'all' }, 'INVALID_DATA'],
    [manager, { amount: 1 }, 'TIMEOUT'],
  ] as const) {
    client.send(request('refund', data));
    expect(await client.take(({ type }) => type === 'ERROR', code)).toEqual({
      type: 'ERROR',
      requestId: 'req-1',
      action: 'refund',
      error: { code, message: expect.any(String) },
    });
  }
  expect(asked).toEqual([{ amount: 1 }]);
});

test('a repeated frame is one request, and two of one requestId are two', async () => {
  const runs: unknown[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using served = await start(async ({ data }) => {
    runs.push(data);
    await released;
    return data;
  });
  await using alice = await connect(served, 'alice');
  await using phone = await connect(served, 'alice');
  for (const client of [alice, alice, phone]) client.send(request('pay', { n: 1 }, '1700000000000'));
  alice.send(request('pay', { n: 2 }, '1700000000000'));
  await eventually(() => runs.length === 3);
  release();
  for (let answers = 0; answers < 3; answers++) await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  await phone.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  expect(runs).toHaveLength(3);
});

test('a repeated frame that is refused leaves the request under way its progress', async () => {
  let running: ActionRequest | undefined;
  let settle: (result: unknown) => void = () => {};
  await using served = await start(
    (asked) => {
      running = asked;
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
    { messagesPerSecond: 1, messageBurst: 1 },
  );
  await using alice = await connect(served, 'alice');
  const frame = request('pay', {});
  alice.send(frame);
  await eventually(() => running);
  alice.send(frame);
  await alice.take(({ type }) => type === 'ERROR', 'ERROR');
  running?.progress({ percent: 50 });
  settle({});
  await alice.take(({ type }) => type === 'UPDATE', 'UPDATE');
  await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
});

test('a disconnect aborts what runs', async () => {
  let signal: AbortSignal | undefined;
  await using served = await start((asked) => {
    signal = asked.signal;
    return new Promise(() => {});
  });
  const alice = await connect(served, 'alice');
  alice.send(request('long', {}));
  await eventually(() => signal);
  await alice[Symbol.asyncDispose]();
  await eventually(() => signal?.aborted, { timeoutMs: 500 });
});

test('a flood is refused with RATE_LIMITED and a time', async () => {
  await using served = await start(undefined, { messagesPerSecond: 1, messageBurst: 3 });
  await using alice = await connect(served, 'alice');
  for (let n = 0; n < 6; n++) alice.send(request('echo', {}, `r-${n}`));
  const error = await alice.take(({ type }) => type === 'ERROR', 'ERROR');
  expect(error).toMatchObject({ error: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } });
});
