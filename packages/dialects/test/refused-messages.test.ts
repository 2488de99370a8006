import { io } from 'socket.io-client';
import { expect, test } from 'vitest';
import { actionsDialect } from '../src/actions/index.js';
import { serverMessageSchema } from '../src/actions/schema.js';
import { falconDialect } from '../src/falcon/index.js';
import { shipvoxDialect } from '../src/shipvox/index.js';
import { connect, connectBearer, next, say } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

/** Text, for JSON.stringify would leave `__proto__` out and make null of 1e400. */
const NO_PLAIN_DATA = [
  ['that nests too deep', `${'['.repeat(70)}${']'.repeat(70)}`],
  ['with a key that reaches a prototype', '{"__proto__":{}}'],
  ['with a number that JSON can not carry', '1e400'],
] as const;

/** A Socket.IO client that is answered by acknowledgement. */
async function connectAsking(served: StartedHub) {
  const socket = io(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    auth: { token: await served.token('alice') },
    query: { sessionId: 's' },
    forceNew: true,
    transports: ['websocket'],
  });
  return {
    ask: async (message: unknown) =>
      serverMessageSchema.parse(await socket.timeout(10_000).emitWithAck('message', message)),
    [Symbol.dispose]: () => void socket.disconnect(),
  };
}

test.each(NO_PLAIN_DATA)('the refusal of data %s names the message that it answers', async (_, data) => {
  await using served = await startHub([actionsDialect(), falconDialect(), shipvoxDialect()]);
  await using shipvox = await connect(served, '/shipvox/ws', await served.token('alice'));
  shipvox.send(`{"type":"test","timestamp":1,"requestId":"r-1","payload":${data}}`);
  expect(await next(shipvox, 'error')).toMatchObject({ requestId: 'r-1', payload: { code: 'invalid_frame' } });
  await using falcon = await connectBearer(served, '/websocket/connect', await served.token('alice'));
  falcon.send(`{"type":"message","room":"general","id":"f-1","data":${data}}`);
  const error = { id: 'f-1', room: 'general', data: { code: 'invalid_frame' } };
  expect(await next(falcon, 'error')).toMatchObject(error);
  using actions = await connectAsking(served);
  expect(await actions.ask(`{"type":"REQUEST","requestId":"a-1","action":"echo","data":${data}}`)).toMatchObject({
    type: 'ERROR',
    requestId: 'a-1',
    error: { code: 'INVALID_FRAME' },
  });
});

test.each<[string, (type: string) => object]>([
  ['without a type', () => ({})],
  ['of no documented type', () => ({ type: 'nonsense' })],
  ['that lacks a field', (type) => ({ type })],
])('the refusal of a message %s names it', async (_, of) => {
  await using served = await startHub([actionsDialect(), falconDialect(), shipvoxDialect()]);
  await using shipvox = await connect(served, '/shipvox/ws', await served.token('alice'));
  say(shipvox, { ...of('zip_collected'), requestId: 'r-1' });
  expect(await next(shipvox, 'error')).toMatchObject({ requestId: 'r-1' });
  await using falcon = await connectBearer(served, '/websocket/connect', await served.token('alice'));
  say(falcon, { ...of('message'), id: 'f-1' });
  expect(await next(falcon, 'error')).toMatchObject({ id: 'f-1' });
  using actions = await connectAsking(served);
  expect(await actions.ask({ ...of('REQUEST'), requestId: 'a-1' })).toMatchObject({ type: 'ERROR', requestId: 'a-1' });
});

test.each([0, 3, 20_000])(
  'binary data of %i bytes inside a REQUEST is refused, and reaches no backend',
  async (bytes) => {
    const asked: unknown[] = [];
    await using served = await startHub([actionsDialect()], { forwardAction: async ({ data }) => asked.push(data) });
    using actions = await connectAsking(served);
    const data = { files: [{ content: Buffer.alloc(bytes) }] };
    expect(await actions.ask({ type: 'REQUEST', requestId: 'a-1', action: 'upload', data })).toMatchObject({
      type: 'ERROR',
      requestId: 'a-1',
      error: { code: 'INVALID_FRAME' },
    });
    expect(asked).toEqual([]);
    expect(await actions.ask({ type: 'REQUEST', requestId: 'a-2', action: 'upload', data: {} })).toMatchObject({
      type: 'RESPONSE',
      requestId: 'a-2',
    });
  },
);

test('a flood of messages that are no REQUEST is told that it is one, and when to go on', async () => {
  await using served = await startHub([actionsDialect()], { limits: { messagesPerSecond: 1, messageBurst: 2 } });
  using actions = await connectAsking(served);
  const answers = [];
  for (let n = 0; n < 3; n++) answers.push(await actions.ask({ type: 'REQUEST', requestId: `r-${n}` }));
  expect(answers.slice(1)).toMatchObject([
    { requestId: 'r-1', error: { code: 'INVALID_FRAME' } },
    { requestId: 'r-2', error: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } },
  ]);
});

test('a requestId longer than a REQUEST may have comes back shortened', async () => {
  await using served = await startHub([actionsDialect()]);
  using actions = await connectAsking(served);
  const requestId = 'x'.repeat(201);
  expect(await actions.ask({ type: 'REQUEST', requestId, action: 'echo' })).toMatchObject({
    requestId: requestId.slice(1),
    error: { code: 'INVALID_FRAME' },
  });
});
