import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { actionsDialect } from '../src/actions/index.js';
import { connectActions } from '../src/actions/speaker.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const BURST = 50;

const start = () =>
  startHub([actionsDialect()], {
    forwardAction: async ({ data }) => data,
    limits: { messagesPerSecond: 20, messageBurst: BURST },
  });

/** A Socket.IO 4 client, spoken by hand. */
async function dial(served: StartedHub): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/realtime/?EIO=4&transport=websocket&sessionId=s`);
  await once(socket, 'open');
  return socket;
}

async function enter(served: StartedHub): Promise<WebSocket> {
  const socket = await dial(served);
  socket.send(`40${JSON.stringify({ token: await served.token('mallory') })}`);
  await eventually(() => served.hub.status().connections === 1);
  return socket;
}

const FLOODS: readonly (readonly [string, (socket: WebSocket) => void])[] = [
  ['pongs of Engine.IO', (socket) => socket.send('3')],
  ['wishes for a namespace', (socket) => socket.send('40/elsewhere,')],
  ['pings of WebSocket', (socket) => socket.ping('x')],
  ['pongs of WebSocket', (socket) => socket.pong('x')],
];

describe.each(FLOODS)('a flood of %s', (_, send) => {
  test('ends the connection, and harms nobody', async () => {
    await using served = await start();
    const socket = await enter(served);
    // In turns: who pings without reading the answers is ended for that.
    while (socket.readyState === WebSocket.OPEN) {
      for (let n = 0; n < 10; n++) send(socket);
      await setImmediate();
    }
    await using alice = await connectActions(served.port, { token: await served.token('alice') });
    alice.send(JSON.stringify({ type: 'REQUEST', requestId: 'r', action: 'echo', data: {} }));
    await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  });

  test('ends a client that is not let in', async () => {
    await using served = await start();
    const socket = await dial(served);
    const closed = once(socket, 'close');
    for (let n = 0; n < BURST; n++) send(socket);
    const dialedAt = performance.now();
    await closed;
    // Long before the time that it has to `connect`.
    expect(performance.now() - dialedAt).toBeLessThan(2_500);
  });
});

test('a flood after a goodbye ends the transport', async () => {
  await using served = await start();
  const socket = await enter(served);
  socket.send('41');
  await eventually(() => served.hub.status().connections === 0);
  const closed = once(socket, 'close');
  for (let n = 0; n < BURST; n++) socket.send('3');
  await closed;
});

test('events are counted once', async () => {
  await using served = await start();
  await using alice = await connectActions(served.port, { token: await served.token('alice') });
  for (let n = 0; n < BURST; n++) {
    alice.send(JSON.stringify({ type: 'REQUEST', requestId: `r-${n}`, action: 'echo', data: { n } }));
    await alice.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
  }
});
