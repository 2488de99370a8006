import { clientFrame, connectRaw, eventually, RawSocket } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { type StartedHub, startHub } from './start-hub.js';

const FLOOD = 30_000;

function publishes(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, n) =>
      clientFrame(`{"type":"publish","id":"p${n}","room":"lobby:a","event":"typing","data":{"isTyping":true}}`),
    ),
  );
}

async function connect(hub: Pick<StartedHub<never>, 'port' | 'token'>): Promise<RawSocket> {
  const headers = { 'Sec-WebSocket-Protocol': 'trunkline.v1' };
  const socket = await RawSocket.upgrade(hub.port, { path: '/v1/connect', headers });
  socket.socket.write(clientFrame(JSON.stringify({ type: 'hello', id: 'h', token: await hub.token('ann') })));
  await eventually(() => socket.texts().some((text) => text.includes('"welcome"')));
  return socket;
}

describe('a flood (S31)', () => {
  test('is read no faster than it is refused, others are served meanwhile, and it ends 4003', async () => {
    await using hub = await startHub({ limits: { messagesPerSecond: 1, messageBurst: 100 } });
    await using bob = await connectRaw({ url: hub.url });
    await bob.hello({ token: await hub.token('bob') });
    await using ann = await connect(hub);
    ann.socket.write(publishes(FLOOD));
    await eventually(() => ann.texts().some((text) => text.includes('rate_limited')));
    const refusedAt = performance.now();
    await bob.publish('lobby:a', 'message', { text: 'hi' });
    expect((await ann.closeFrame(20_000)).code).toBe(4003);
    // Its thousandth offence in ten seconds ends it, and a slice of twenty takes as many milliseconds.
    expect(performance.now() - refusedAt).toBeGreaterThan(900);
    await ann.ended();
    expect(hub.hub.status().connections).toBe(1);
  });

  test('that goes on after the close is left in the network until the socket ends', async () => {
    await using hub = await startHub();
    await using ann = await connect(hub);
    for (let n = 0; n < 20; n++) ann.socket.write(clientFrame('{'));
    expect((await ann.closeFrame()).code).toBe(4501);
    const flood = publishes(1_000);
    const before = ann.socket.bytesWritten;
    let isRefused = false;
    ann.socket.on('close', () => {
      isRefused = true;
    });
    const startedAt = performance.now();
    while (!isRefused && performance.now() - startedAt < 5_000) {
      if (!ann.socket.write(flood))
        await new Promise((resolve) => ann.socket.once('drain', resolve).once('close', resolve));
    }
    expect(isRefused).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    // Kernel buffers of both ends hold some megabytes; a server that reads on takes hundreds.
    expect(ann.socket.bytesWritten - before - ann.socket.writableLength).toBeLessThan(40_000_000);
  });
});
