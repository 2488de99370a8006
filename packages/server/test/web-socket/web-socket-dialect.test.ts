import { TrunklineError } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { createChatCodec } from '../support/chat-codec.js';
import { clientFrame, handshake, RawSocket } from '../support/raw-socket.js';
import { serveChat } from '../support/serve-chat.js';

describe('a WebSocket dialect', () => {
  it('refuses in HTTP what its refuse words so, before the upgrade', async () => {
    await using served = await serveChat({
      authenticate: () => {
        throw new TrunklineError('unavailable', 'Keys can not be had.');
      },
    });
    await using client = await RawSocket.connect(served.port);
    client.socket.write(handshake({ path: '/ws?token=a' }));
    expect(await client.status()).toBe(503);
    await client.ended();
    expect(client.received.toString()).toContain('{"error":"unavailable"}');
  });

  it('completes the upgrade and closes with a code where a browser must see why', async () => {
    await using served = await serveChat({
      authenticate: () => {
        throw new TrunklineError('unauthenticated', 'The token does not verify.');
      },
    });
    await using client = await RawSocket.upgrade(served.port, { path: '/ws?token=bad' });
    expect(await client.closeFrame()).toEqual({ code: 1008, reason: 'unauthenticated' });
    expect(client.texts()).toEqual(['bye']);
    expect(served.gateway.sessions).toEqual([]);
    client.socket.end();
    await eventually(() => served.router.counts().connections === 0);
  });

  it('refuses what its codec can not greet', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.connect(served.port);
    client.socket.write(handshake({ path: '/ws?broken' }));
    expect(await client.status()).toBe(400);
    expect(served.gateway.greetings).toEqual([]);
  });

  it('tells an authentication that its peer has gone', async () => {
    let isTold = false;
    await using served = await serveChat({
      authenticate: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            isTold = true;
            reject(new TrunklineError('cancelled', 'The peer is gone.'));
          });
        }),
    });
    await using client = await RawSocket.connect(served.port);
    client.socket.write(handshake());
    await eventually(() => served.gateway.authenticating === 1);
    client.socket.end();
    await eventually(() => isTold);
    expect(served.gateway.sessions).toEqual([]);
    await eventually(() => served.router.counts().connections === 0);
  });

  it('gives an authentication as long as a hello may take', async () => {
    await using served = await serveChat({ authenticate: () => new Promise(() => {}), helloTimeoutMs: 50 });
    await using client = await RawSocket.connect(served.port);
    client.socket.write(handshake());
    expect(await client.status()).toBe(503);
  });

  it.each([
    ['both, token first', 'trunkline.bearer.e30.e30.c2ln, chat', 'Sec-WebSocket-Protocol: chat'],
    ['both, token last', 'chat, trunkline.bearer.e30.e30.c2ln', 'Sec-WebSocket-Protocol: chat'],
  ])('answers only its own subprotocol of %s', async (_, offered, answered) => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port, { headers: { 'Sec-WebSocket-Protocol': offered } });
    const head = await client.head();
    expect(head).toContain(answered);
    expect(head).not.toContain('bearer');
  });

  it('answers no subprotocol when only others are offered', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port, {
      headers: { 'Sec-WebSocket-Protocol': 'trunkline.bearer.x' },
    });
    expect(await client.head()).not.toContain('Sec-WebSocket-Protocol');
  });

  it('reads frames that came with the handshake after the authentication, in order', async () => {
    let admit = (): void => {};
    const gate = new Promise<void>((resolve) => {
      admit = resolve;
    });
    await using served = await serveChat({
      authenticate: () => gate,
      handle: (command) => ({ type: 'response', data: command.type === 'publish' ? command.data : '' }),
    });
    await using client = await RawSocket.connect(served.port);
    client.socket.write(Buffer.concat([Buffer.from(handshake()), clientFrame('one'), clientFrame('two')]));
    await eventually(() => served.gateway.authenticating === 1);
    client.socket.write(clientFrame('three'));
    expect(served.gateway.sessions).toEqual([]);
    admit();
    await eventually(() => client.texts().length === 3);
    expect(client.texts()).toEqual(['one', 'two', 'three']);
  });

  it('holds no more than a read or two of a peer that floods while it is authenticated', async () => {
    await using served = await serveChat({ authenticate: () => new Promise(() => {}) });
    await using client = await RawSocket.connect(served.port);
    client.socket.write(handshake());
    await eventually(() => served.gateway.authenticating === 1);
    const flood = clientFrame('x'.repeat(60_000));
    for (let sent = 0; sent < 512; sent++) client.socket.write(flood);
    // 30 MB were given to the socket; what the kernel did not take stays with the sender while nobody reads.
    await eventually(() => client.socket.writableLength > 16_000_000);
  });

  it.each(['open', 'refuse'] as const)('costs one connection, not the process, when %s throws', async (part) => {
    const broken = () => {
      throw new Error('a defect');
    };
    const codec = { ...createChatCodec(), ...(part === 'open' ? { open: broken } : {}) };
    await using served = await serveChat({}, { codec, ...(part === 'refuse' ? { refuse: broken } : {}) });
    await using client = await RawSocket.connect(served.port);
    client.socket.write(handshake({ path: part === 'refuse' ? '/ws?broken' : '/ws' }));
    await client.ended();
    await eventually(() => served.router.counts().connections === 0);
    expect(served.gateway.logged).toHaveLength(1);
  });

  it('costs one connection, not the process, when a codec throws', async () => {
    await using served = await serveChat({
      handle: () => {
        throw new Error('a defect');
      },
    });
    await using client = await RawSocket.upgrade(served.port);
    client.socket.write(clientFrame('x'));
    expect(await client.closeFrame()).toEqual({ code: 1011, reason: 'internal_error' });
    expect(served.gateway.logged).toHaveLength(1);
    await using _next = await RawSocket.upgrade(served.port);
  });
});
