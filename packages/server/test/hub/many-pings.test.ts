import { clientFrame, eventually, RawSocket } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { startHub } from './start-hub.js';

const CONNECTIONS = 300;

test('connections that came together are pinged in parts, with turns for others in between', async () => {
  const writes: number[] = [];
  const observer = { framesSent: (_frames: number, _bytes: number, count: number) => void writes.push(count) };
  // The first pings come only when all are connected, on a busy machine too.
  const heartbeat = { intervalMs: 5_000, timeoutMs: 20_000 };
  await using hub = await startHub({ heartbeat, observer, limits: { connectionsPerUser: CONNECTIONS } });
  const headers = { 'Sec-WebSocket-Protocol': 'trunkline.v1' };
  const path = '/v1/connect';
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => RawSocket.upgrade(hub.port, { path, headers })),
  );
  const hello = clientFrame(JSON.stringify({ type: 'hello', id: 'h', token: await hub.token('ann') }));
  for (const { socket } of sockets) socket.write(hello);
  await eventually(() => sockets.every((socket) => socket.texts().length === 1));
  writes.length = 0;
  await eventually(() => sockets.every((socket) => socket.texts().at(-1)?.startsWith('{"type":"ping"')), {
    timeoutMs: 20_000,
  });
  expect(writes.reduce((sum, count) => sum + count)).toBe(CONNECTIONS);
  expect(Math.max(...writes)).toBeLessThanOrEqual(50);
  for (const socket of sockets) await socket[Symbol.asyncDispose]();
});
