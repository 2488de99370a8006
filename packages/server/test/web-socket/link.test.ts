import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createOutbox } from '../../src/web-socket/outbox.js';
import { textFrame, textFramePayload } from '../../src/web-socket/text-frame.js';
import { WebSocketLink } from '../../src/web-socket/web-socket-link.js';
import { createChatCodec, eventNotice } from '../support/chat-codec.js';
import { countWrites } from '../support/count-writes.js';
import { clientFrame, RawSocket } from '../support/raw-socket.js';
import { serveChat } from '../support/serve-chat.js';

describe('a link', () => {
  it('shares one encode and takes one write per turn with every other link', async () => {
    await using served = await serveChat();
    const writes = countWrites(served.server);
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawSocket.upgrade(served.port)));
    const before = writes.count;
    for (let message = 0; message < 50; message++) {
      const notice = eventNotice(`m${message}`);
      for (const { link } of served.gateway.sessions) {
        const frame = link.encoder.encode(notice);
        if (frame) link.send(frame);
      }
    }
    await eventually(() => clients.every((client) => client.texts().length === 50));
    const expected = Array.from({ length: 50 }, (_, index) => `m${index}`);
    for (const client of clients) expect(client.texts()).toEqual(expected);
    expect(served.codec.encodes).toBe(50);
    expect(writes.count - before).toBe(20);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it('gives a reader that paused all of it, as it was when it was sent', async () => {
    await using served = await serveChat();
    await using slow = await RawSocket.upgrade(served.port);
    await using quick = await RawSocket.upgrade(served.port);
    slow.socket.pause();
    const texts = Array.from(
      { length: 1_200 },
      (_, index) => `${index}:${String.fromCharCode(97 + (index % 26)).repeat(9_000)}`,
    );
    for (let sent = 0; sent < texts.length; sent += 3) {
      for (const { link } of served.gateway.sessions)
        for (const text of texts.slice(sent, sent + 3)) link.send(textFrame(text));
      await turn();
    }
    const queued = served.gateway.sessions.map(({ link }) => link.bufferedBytes());
    expect(Math.max(...queued)).toBeGreaterThan(1_000_000);
    await eventually(() => quick.texts().length === texts.length);
    slow.socket.resume();
    await eventually(() => slow.texts().length === texts.length);
    for (const client of [quick, slow]) expect(client.texts().every((text, index) => text === texts[index])).toBe(true);
  });

  it('leaves to a stream that is no socket what it was given', async () => {
    const outbox = createOutbox();
    const given: Buffer[] = [];
    const socket = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        given.push(chunk);
        done();
      },
    });
    const ws = { readyState: WebSocket.OPEN, extensions: '' } as WebSocket;
    const link = new WebSocketLink({ ws, socket, outbox, encoder: { encode: () => null } });
    for (const texts of [
      ['one', 'two'],
      ['three', 'four'],
    ]) {
      for (const text of texts) link.send(Buffer.from(text));
      await turn();
    }
    expect(given.map(String)).toEqual(['onetwo', 'threefour']);
  });

  it('sends what was queued before its close, and nothing after it', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    const [session] = served.gateway.sessions;
    session?.link.send(textFrame('one'));
    session?.link.send(textFrame('two'));
    session?.link.close(4502, 'disconnected');
    session?.link.send(textFrame('three'));
    expect(await client.closeFrame()).toEqual({ code: 4502, reason: 'disconnected' });
    expect(client.frames().map(({ opcode }) => opcode)).toEqual([1, 1, 8]);
    client.socket.write(clientFrame(Buffer.from([0x11, 0x96]), { opcode: 8 }));
    await client.ended();
    await eventually(() => session?.gone);
    expect(session?.gone).toEqual({ code: 4502, clean: true });
  });

  it('ends a reader that does not read within 2 s of the close', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    client.socket.pause();
    const [session] = served.gateway.sessions;
    if (!session) throw new Error('no session');
    const chunk = textFrame('x'.repeat(1_000_000));
    for (let megabytes = 0; megabytes < 32; megabytes++) session.link.send(chunk);
    // The kernel has taken what its buffers hold.
    expect(session.link.bufferedBytes()).toBeGreaterThan(16 * chunk.length);
    const closedAt = performance.now();
    session.link.close(4002, 'slow_consumer');
    await eventually(() => session.gone);
    expect(performance.now() - closedAt).toBeLessThan(2_000);
    expect(session.gone).toEqual({ code: 4002, clean: true });
    await eventually(() => served.router.counts().connections === 0);
  });

  it('ends a peer that half-closed and does not read, at our close', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    client.socket.pause();
    const [session] = served.gateway.sessions;
    if (!session) throw new Error('no session');
    for (let megabytes = 0; megabytes < 32; megabytes++) session.link.send(textFrame('x'.repeat(1_000_000)));
    client.socket.end();
    await eventually(() => {
      const before = session.link.bufferedBytes();
      session.link.send(textFrame('taken only while the socket is open'));
      return session.link.bufferedBytes() === before;
    });
    session.link.close(4000, 'heartbeat_timeout');
    await eventually(() => session.gone);
    await eventually(() => served.router.counts().connections === 0);
  });

  it('tells the code that the peer closed with, and 1006 for none', async () => {
    await using served = await serveChat();
    await using polite = await RawSocket.upgrade(served.port);
    await using rude = await RawSocket.upgrade(served.port);
    polite.socket.write(clientFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 }));
    rude.socket.resetAndDestroy();
    const [one, two] = served.gateway.sessions;
    await eventually(() => one?.gone && two?.gone);
    expect([one?.gone, two?.gone]).toEqual([
      { code: 1000, clean: true },
      { code: 1006, clean: false },
    ]);
  });

  it('gives an AbortSignal to who asks for one, before the end and after it', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    const [session] = served.gateway.sessions;
    const signal = session?.link.signal;
    expect(signal?.aborted).toBe(false);
    client.socket.resetAndDestroy();
    await eventually(() => signal?.aborted);
    expect(signal?.reason).toEqual({ code: 1006, clean: false });
    let late: unknown;
    session?.link.onGone?.({
      gone(gone) {
        late = gone;
      },
    });
    expect(late).toEqual({ code: 1006, clean: false });
  });

  it('pings by WebSocket frames where the dialect wants it, and hears the pong', async () => {
    await using served = await serveChat({}, { heartbeat: 'link' });
    await using client = await RawSocket.upgrade(served.port);
    const [session] = served.gateway.sessions;
    const heardAt = session?.link.lastHeardAt() ?? 0;
    session?.link.ping?.();
    await eventually(() => client.frames().some(({ opcode }) => opcode === 9));
    await eventually(() => Date.now() > heardAt);
    client.socket.write(clientFrame('', { opcode: 10 }));
    await eventually(() => (session?.link.lastHeardAt() ?? 0) > heardAt);
    expect(session?.options.heartbeat).toBe('link');
  });

  it('answers each of a few pings with its payload, in order', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    const payloads = Array.from({ length: 10 }, (_, n) => `payload ${n}`);
    client.socket.write(Buffer.concat(payloads.map((payload) => clientFrame(payload, { opcode: 9 }))));
    const pongs = () => client.frames().filter(({ opcode }) => opcode === 10);
    await eventually(() => pongs().length === 10);
    expect(pongs().map(({ payload }) => payload.toString())).toEqual(payloads);
  });

  it('does not take a pong for life where the hub pings by notices', async () => {
    await using served = await serveChat();
    await using client = await RawSocket.upgrade(served.port);
    const [session] = served.gateway.sessions;
    const heardAt = session?.link.lastHeardAt() ?? 0;
    await eventually(() => Date.now() > heardAt);
    client.socket.write(Buffer.concat([clientFrame('', { opcode: 10 }), clientFrame('', { opcode: 9 })]));
    await eventually(() => client.frames().some(({ opcode }) => opcode === 10));
    expect(session?.link.lastHeardAt()).toBe(heardAt);
  });

  it('closes with the code of the dialect, and tells the hub its own', async () => {
    await using served = await serveChat({}, { closeCode: (code) => (code >= 4000 ? 1008 : code) });
    await using client = await RawSocket.upgrade(served.port);
    const [session] = served.gateway.sessions;
    session?.link.close(4101, 'token_expired');
    expect(await client.closeFrame()).toEqual({ code: 1008, reason: 'token_expired' });
    client.socket.end();
    await eventually(() => session?.gone);
    expect(session?.gone).toEqual({ code: 4101, clean: true });
  });

  it('words notices as its conversation does, one frame for the same words', async () => {
    const codec = createChatCodec();
    const open: typeof codec.open = (head) => ({
      ...codec.open(head),
      encoder: { encode: (notice) => (notice.type === 'event' ? `for ${head.query.get('token')}` : null) },
    });
    await using served = await serveChat({}, { codec: { ...codec, open } });
    const tokens = ['a', 'b', 'b'];
    for (const token of tokens) await RawSocket.upgrade(served.port, { path: `/ws?token=${token}` });
    const frames = served.gateway.sessions.map(({ link }) => link.encoder.encode(eventNotice('x')));
    expect(frames.map((frame) => frame && textFramePayload(frame).toString())).toEqual(['for a', 'for b', 'for b']);
    expect(frames[1]).toBe(frames[2]);
    expect(served.gateway.sessions[0]?.link.encoder.encode({ type: 'ping' })).toBeNull();
  });

  it('compresses where that is turned on, in order', async () => {
    await using served = await serveChat({}, { deflate: { thresholdBytes: 10 } });
    const { WebSocket } = await import('ws');
    const client = new WebSocket(`ws://127.0.0.1:${served.port}/ws`);
    const texts: string[] = [];
    client.on('message', (data) => texts.push(String(data)));
    await once(client, 'open');
    expect(client.extensions).toContain('permessage-deflate');
    const [session] = served.gateway.sessions;
    const sent = ['x'.repeat(100_000), 'short', 'y'.repeat(1_000)];
    for (const text of sent) session?.link.send(textFrame(text));
    await eventually(() => texts.length === 3);
    expect(texts).toEqual(sent);
    client.terminate();
    await once(client, 'close');
  });
});
