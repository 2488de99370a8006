import { once } from 'node:events';
import { deflateRawSync } from 'node:zlib';
import { eventually } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { webSocketDialect } from '../../src/web-socket/web-socket-dialect.js';
import type { WebSocketDialectOptions } from '../../src/web-socket/web-socket-options.js';
import { createChatCodec, refuseChat } from '../support/chat-codec.js';
import { createFakeGateway, type FakeGatewayOptions } from '../support/fake-gateway.js';
import { clientFrame, handshake, RawSocket } from '../support/raw-socket.js';
import { serve } from '../support/serve.js';

async function serveChat(options: FakeGatewayOptions = {}, dialectOptions: Partial<WebSocketDialectOptions> = {}) {
  const gateway = createFakeGateway(options);
  const codec = createChatCodec();
  const chat = webSocketDialect({ name: 'chat', paths: ['/ws'], codec, refuse: refuseChat, ...dialectOptions });
  return Object.assign(await serve({ gateway, dialects: [chat] }), { codec, gateway });
}

const MAX = 65_536;
const EMPTY = { connections: 0, unauthenticated: 0, addresses: 0 };
const rss = () => process.memoryUsage.rss();

describe('a peer that misbehaves', () => {
  const CLOSES: readonly (readonly [string, Buffer, number])[] = [
    ['a binary message', clientFrame('x', { opcode: 2 }), 1003],
    ['text that is no UTF-8', clientFrame(Buffer.from([0xc3, 0x28])), 1007],
    ['a message one byte too long', clientFrame('x'.repeat(MAX + 1)), 1009],
    [
      'a message one byte too long in two fragments',
      Buffer.concat([clientFrame('x'.repeat(MAX), { isFinal: false }), clientFrame('x', { opcode: 0 })]),
      1009,
    ],
    ['an unmasked frame', Buffer.from([0x81, 0x01, 0x78]), 1002],
    ['a reserved bit', clientFrame('x', { isCompressed: true }), 1002],
    ['a reserved opcode', clientFrame('x', { opcode: 3 }), 1002],
    ['a fragment without a beginning', clientFrame('x', { opcode: 0 }), 1002],
    ['a control frame that is too long', clientFrame('x'.repeat(126), { opcode: 9 }), 1002],
  ];
  it.each(CLOSES)('with %s is closed, alone', async (_, bytes, code) => {
    await using served = await serveChat({ maxMessageBytes: MAX });
    await using bystander = await RawSocket.upgrade(served.port);
    await using client = await RawSocket.upgrade(served.port);
    client.socket.write(bytes);
    expect((await client.closeFrame()).code).toBe(code);
    expect(served.gateway.sessions[1]?.commands).toEqual([]);
    bystander.socket.write(clientFrame('still here'));
    await eventually(() => served.gateway.sessions[0]?.commands.length === 1);
    client.socket.end();
    await eventually(() => served.gateway.sessions[1]?.gone);
    expect(served.gateway.sessions[1]?.gone).toEqual({ code, clean: true });
  });

  it('may send a message of exactly the limit', async () => {
    await using served = await serveChat({ maxMessageBytes: MAX });
    await using client = await RawSocket.upgrade(served.port);
    client.socket.write(clientFrame('x'.repeat(MAX)));
    await eventually(() => served.gateway.sessions[0]?.commands.length === 1);
  });

  it('with 30 000 fragments of one byte is closed 1008, in flat memory', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    const before = rss();
    const fragments = [clientFrame('x', { isFinal: false })];
    for (let sent = 1; sent < 30_000; sent++) fragments.push(clientFrame('x', { opcode: 0, isFinal: false }));
    client.socket.write(Buffer.concat(fragments));
    expect((await client.closeFrame()).code).toBe(1008);
    expect(rss() - before).toBeLessThan(64_000_000);
  });

  it('with 50 MB of zeros in 50 kB of deflate is closed 1009, in flat memory', async () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000)).subarray(0, 48_000);
    await using served = await serveChat({ maxMessageBytes: MAX }, { deflate: { thresholdBytes: 1_024 } });
    const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    await using client = await RawSocket.upgrade(served.port, { headers });
    const before = rss();
    client.socket.write(clientFrame(bomb, { isCompressed: true }));
    expect((await client.closeFrame()).code).toBe(1009);
    expect(rss() - before).toBeLessThan(64_000_000);
  });

  it('with 20 000 pings is answered in bounded memory or ended, and harms nobody', async () => {
    await using served = await serveChat();
    await using bystander = await RawSocket.upgrade(served.port);
    await using client = await RawSocket.upgrade(served.port);
    client.socket.pause();
    const ping = clientFrame('x'.repeat(125), { opcode: 9 });
    client.socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => ping)));
    bystander.socket.write(clientFrame('still here'));
    await eventually(() => served.gateway.sessions[0]?.commands.length === 1);
    expect(served.gateway.sessions[1]?.link.bufferedBytes()).toBeLessThan(1_048_576);
  });

  it('and sends on after it was closed is hardly read until its socket ends', async () => {
    await using served = await serveChat();
    const connected = once(served.server, 'connection');
    await using client = await RawSocket.upgrade(served.port);
    const [socket] = await connected;
    client.socket.write(clientFrame('x', { opcode: 2 }));
    expect((await client.closeFrame()).code).toBe(1003);
    const readBefore = socket.bytesRead;
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame('x'.repeat(80))));
    const write = () => {
      while (client.socket.writable && client.socket.write(flood));
    };
    client.socket.on('drain', write);
    write();
    await eventually(() => socket.destroyed);
    expect(socket.bytesRead - readBefore).toBeGreaterThan(8_192);
    expect(socket.bytesRead - readBefore).toBeLessThan(1_000_000);
  });

  it('that resets at any stage leaves nothing behind', async () => {
    await using served = await serveChat({
      helloTimeoutMs: 500,
      authenticate: async ({ credentials }, signal) => {
        if (credentials.token !== 'slow') return;
        await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))));
      },
    });
    const request = Buffer.from(handshake());
    const slow = Buffer.from(handshake({ path: '/ws?token=slow' }));
    const frame = clientFrame('x'.repeat(100));
    const stages: readonly (readonly Buffer[])[] = [
      [],
      [request.subarray(0, 1)],
      [request.subarray(0, -2)],
      [request],
      [slow],
      [Buffer.concat([slow, frame])],
      ...Array.from({ length: 8 }, (_, cut) => [Buffer.concat([request, frame.subarray(0, cut + 1)])]),
      [Buffer.concat([request, clientFrame('x', { isFinal: false })])],
    ];
    for (const how of ['reset', 'end'] as const) {
      for (const writes of stages) {
        const client = await RawSocket.connect(served.port);
        for (const bytes of writes) client.socket.write(bytes);
        await new Promise((resolve) => client.socket.write('', resolve));
        if (how === 'reset') client.socket.resetAndDestroy();
        else client.socket.destroy();
      }
    }
    await eventually(() => served.gateway.sessions.every(({ gone }) => gone !== null));
    await eventually(() => expect(served.router.counts()).toEqual(EMPTY));
    await eventually(() => served.gateway.authenticating === 0);
    const count = () => new Promise<number>((resolve) => served.server.getConnections((_, left) => resolve(left)));
    await eventually(async () => (await count()) === 0);
    await using _next = await RawSocket.upgrade(served.port);
  });
});
