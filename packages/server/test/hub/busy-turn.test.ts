import { expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startHub } from './start-hub.js';

const PUBLISHES = 3_000;

it.each([262_144, 8_192])(
  'does not take the members of a very busy turn for slow readers of %i bytes',
  async (bytes) => {
    await using server = await startHub({
      limits: { messageBurst: PUBLISHES * 2, unacked: PUBLISHES * 2, maxQueueBytes: bytes },
    });
    const socket = new WebSocket(server.url, ['trunkline.v1']);
    const counts = new Map<string, number>();
    const closes: number[] = [];
    socket.on('close', (code) => closes.push(code));
    socket.on('message', (bytes) => {
      const { type } = JSON.parse(String(bytes));
      counts.set(type, (counts.get(type) ?? 0) + 1);
    });
    await vi.waitUntil(() => socket.readyState === WebSocket.OPEN);
    const room = 'lobby:busy';
    socket.send(JSON.stringify({ type: 'hello', id: 'h', token: await server.token('u1'), rooms: [{ room }] }));
    await vi.waitUntil(() => counts.has('joined'));
    for (let index = 0; index < PUBLISHES; index++) {
      socket.send(
        JSON.stringify({ type: 'publish', id: `p${index}`, room, event: 'message', data: { text: 'x'.repeat(200) } }),
      );
    }
    await vi.waitUntil(
      () => closes.length > 0 || (counts.get('ack') === PUBLISHES && counts.get('event') === PUBLISHES),
      { timeout: 10_000 },
    );
    expect(closes).toEqual([]);
    socket.terminate();
  },
);
