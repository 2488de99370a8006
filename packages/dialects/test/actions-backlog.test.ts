import { once } from 'node:events';
import { eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { actionsDialect, actionsService } from '../src/actions/index.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const QUEUE_BYTES = 65_536;
const BIG = 'x'.repeat(60_000);

/** A Socket.IO 4 client, spoken by hand as far as to be let in. */
async function enter(served: StartedHub): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/realtime/?EIO=4&transport=websocket&sessionId=s`);
  await once(socket, 'open');
  const token = await served.token('alice', { company_id: 'acme' });
  socket.send(`40${JSON.stringify({ token })}`);
  await eventually(() => served.hub.status().connections === 1);
  socket.on('error', () => {});
  return socket;
}

test('a reader that stops is gone within 2 s, its socket too', async () => {
  await using served = await startHub([actionsDialect()], { limits: { maxQueueBytes: QUEUE_BYTES } });
  const socket = await enter(served);
  const service = actionsService(served.hub);
  socket.pause();
  // What the network holds is the machine's; the hub's own bound comes after it.
  await eventually(async () => {
    for (let n = 0; n < 50; n++) await service.sendUpdate('acme', { action: 'companyUpdate', data: BIG });
    return served.hub.queuedBytes() > QUEUE_BYTES || served.hub.status().connections === 0;
  });
  const stalledAt = performance.now();
  await eventually(() => served.hub.status().connections === 0);
  // A paused socket learns of its end when it writes.
  await eventually(() => {
    if (socket.readyState === WebSocket.OPEN) socket.ping();
    return socket.readyState === WebSocket.CLOSED;
  });
  expect(performance.now() - stalledAt).toBeLessThan(2_500);
});

test('answers pings, and ends who floods and does not read', async () => {
  await using served = await startHub([actionsDialect()]);
  const socket = await enter(served);
  socket.ping('1');
  const [data] = await once(socket, 'pong');
  expect(String(data)).toBe('1');
  socket.pause();
  for (let n = 0; n < 1_000; n++) socket.ping('x'.repeat(125));
  await eventually(() => served.hub.status().connections === 0);
  socket.terminate();
});

test('bounds what waits for a reader that only asks Socket.IO itself', async () => {
  await using served = await startHub([actionsDialect()], { limits: { maxQueueBytes: QUEUE_BYTES } });
  const socket = await enter(served);
  socket.pause();
  // Each is answered by a refusal, which the hub has no part in.
  await eventually(() => {
    for (let n = 0; n < 5_000; n++) if (socket.readyState === WebSocket.OPEN) socket.send(`40/room-${n},`);
    return served.hub.status().connections === 0;
  });
  socket.terminate();
});
