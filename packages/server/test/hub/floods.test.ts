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

type Started = Pick<StartedHub<never>, 'port' | 'token'>;

/** Resolves with the first answer to a hello: `welcome` or `error`. */
async function greet(hub: Started, userId: string): Promise<{ readonly socket: RawSocket; readonly answer: string }> {
  const headers = { 'Sec-WebSocket-Protocol': 'trunkline.v1' };
  const socket = await RawSocket.upgrade(hub.port, { path: '/v1/connect', headers });
  socket.socket.write(clientFrame(JSON.stringify({ type: 'hello', id: 'h', token: await hub.token(userId) })));
  return { socket, answer: await eventually(() => socket.texts()[0]) };
}

async function connect(hub: Started): Promise<RawSocket> {
  const { socket, answer } = await greet(hub, 'ann');
  expect(answer).toContain('"welcome"');
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
    // Its five-hundredth refusal in ten seconds ends it, at 250 a second.
    expect(performance.now() - refusedAt).toBeGreaterThan(1_500);
    await ann.ended();
    expect(hub.hub.status().connections).toBe(1);
  });

  test('within the burst is taken in turns, and others have theirs in between', async () => {
    await using hub = await startHub();
    let taken = 0;
    hub.hub.handle('echo', () => {
      const startedAt = performance.now();
      while (performance.now() - startedAt < 1);
      taken++;
      return {};
    });
    await using bob = await connectRaw({ url: hub.url });
    await bob.hello({ token: await hub.token('bob') });
    await using ann = await connect(hub);
    const request = (n: number) => clientFrame(`{"type":"request","id":"q${n}","action":"echo","data":{}}`);
    ann.socket.write(Buffer.concat(Array.from({ length: 400 }, (_, n) => request(n))));
    await eventually(() => taken > 0);
    await bob.publish('lobby:a', 'message', { text: 'hi' });
    expect(taken).toBeLessThan(390);
    await eventually(() => ann.texts().filter((text) => text.includes('"response"')).length === 400);
  });

  test('that goes on after a hundred refusals is served nothing more, and whoever stops is again', async () => {
    await using hub = await startHub({ limits: { messagesPerSecond: 20, messageBurst: 60 } });
    hub.hub.handle('echo', () => ({}));
    const request = (n: number) => clientFrame(`{"type":"request","id":"q${n}","action":"echo","data":{}}`);
    const requests = (count: number) => Buffer.concat(Array.from({ length: count }, (_, n) => request(n)));
    const isRefusal = (text: string) => text.includes('rate_limited');
    await using ann = await connect(hub);
    ann.socket.write(requests(FLOOD));
    expect((await ann.closeFrame(20_000)).code).toBe(4003);
    const answers = ann.texts().filter((text) => isRefusal(text) || text.includes('"response"'));
    const refusals = answers.flatMap((text, index) => (isRefusal(text) ? index : []));
    // At most 500 in ten seconds; twenty a second would have been served meanwhile.
    expect(refusals.length).toBe(500);
    expect(answers.length - (refusals[101] ?? 0)).toBe(500 - 101);

    await using bob = await greet(hub, 'bob').then(({ socket }) => socket);
    bob.socket.write(requests(260));
    const last = await eventually(() => bob.texts().filter((text) => /rate_limited|"response"/.test(text))[259]);
    const { retryAfterMs } = JSON.parse(last);
    // Each refusal after the hundredth costs twenty of its frames, up to its burst: 3 s, which no stall of the machine takes.
    expect(retryAfterMs).toBeGreaterThan(1_500);
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    bob.socket.write(request(1_000));
    await eventually(() => bob.texts().some((text) => text.includes('"id":"q1000"') && text.includes('"response"')));
  });

  test.each([9, 10])('of control frames with opcode %i ends 4003, before the hello too', async (opcode) => {
    await using hub = await startHub({ limits: { messagesPerSecond: 1, messageBurst: 20 } });
    const controls = Buffer.concat(Array.from({ length: 1_000 }, (_, n) => clientFrame(`${n}`, { opcode })));
    await using ann = await connect(hub);
    ann.socket.write(controls);
    expect((await ann.closeFrame()).code).toBe(4003);
    // One write for the pings of a turn, the newest answered.
    expect(ann.frames().filter((frame) => frame.opcode === 10).length).toBeLessThan(100);
    const headers = { 'Sec-WebSocket-Protocol': 'trunkline.v1' };
    await using stranger = await RawSocket.upgrade(hub.port, { path: '/v1/connect', headers });
    stranger.socket.write(controls);
    expect((await stranger.closeFrame()).code).toBe(4003);
  });

  test('keeps its user away for a while, longer each time, and nobody else of its address', async () => {
    const limited: string[] = [];
    const observer = { limited: (limit: string) => void limited.push(limit) };
    await using hub = await startHub({ limits: { messagesPerSecond: 1, messageBurst: 20 }, observer });
    for (const leastMs of [500, 1_500]) {
      await using ann = await connect(hub);
      ann.socket.write(publishes(1_000));
      expect((await ann.closeFrame(20_000)).code).toBe(4003);
      const goaway = JSON.parse(ann.texts().at(-1) ?? '');
      expect(goaway).toMatchObject({ type: 'goaway', code: 4003, reconnect: true });
      expect(goaway.afterMs).toBeGreaterThan(leastMs);
      expect(goaway.afterMs).toBeLessThanOrEqual(2_000);
    }
    await using bob = await connectRaw({ url: hub.url });
    await bob.hello({ token: await hub.token('bob') });
    expect(limited).not.toContain('connects_after_flood');
    const { socket: ann, answer } = await greet(hub, 'ann');
    expect(JSON.parse(answer)).toMatchObject({ type: 'error', id: 'h', code: 'rate_limited', retryable: true });
    expect(JSON.parse(answer).retryAfterMs).toBeGreaterThan(0);
    expect((await ann.closeFrame()).code).toBe(4003);
    expect(limited).toContain('connects_after_flood');
    await ann[Symbol.asyncDispose]();
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
