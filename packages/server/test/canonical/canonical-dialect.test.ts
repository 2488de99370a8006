import { type ErrorCode, TrunklineError } from '@trunkline/protocol';
import { connectRaw, eventually } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import type { FakeGatewayOptions } from '../support/fake-gateway.js';
import { clientFrame, handshake, RawSocket } from '../support/raw-socket.js';
import { serveCanonical } from './serve-canonical.js';

const failing = (code: ErrorCode): FakeGatewayOptions => ({
  authenticate: () => {
    throw new TrunklineError(code, 'Refused.');
  },
});

describe('trunkline.v1', () => {
  it('welcomes a hello under its id and hands on session and rooms', async () => {
    await using served = await serveCanonical();
    await using client = await connectRaw(served);
    const position = { epoch: 'e1', offset: 3, lastId: 'ev-3' };
    const rooms = [
      { room: 'lobby:main', position },
      { room: 'lobby:side', rewind: 2 },
    ];
    client.send({ type: 'hello', id: 'h1', token: 'u1', session: 's0', rooms });
    expect(await client.next()).toMatchObject({ type: 'welcome', id: 'h1', connectionId: 'c_1', userId: 'u1' });
    expect(client.socket.protocol).toBe('trunkline.v1');
    const [session] = served.gateway.sessions;
    expect(session?.options).toMatchObject({
      dialect: 'trunkline.v1',
      ref: 'h1',
      session: 's0',
      rooms,
      heartbeat: 'notice',
    });
    expect(session?.options.autoJoin ?? false).toBe(false);
  });

  const HELLO_REFUSALS: readonly (readonly [ErrorCode, number])[] = [
    ['unauthenticated', 4100],
    ['token_expired', 4101],
    ['token_revoked', 4102],
    ['too_many_connections', 4004],
    ['unavailable', 4005],
    ['forbidden', 4504],
  ];
  it.each(HELLO_REFUSALS)('answers a hello that is %s by error, goaway and close %i', async (code, close) => {
    await using served = await serveCanonical(failing(code));
    await using client = await connectRaw(served);
    client.send({ type: 'hello', id: 'h1', token: 'bad' });
    expect(await client.next()).toMatchObject({ type: 'error', id: 'h1', code });
    const name = close === 4100 ? 'unauthenticated' : expect.any(String);
    expect(await client.next()).toMatchObject({
      type: 'goaway',
      code: close,
      reason: name,
      reconnect: close < 4500,
      afterMs: 0,
    });
    expect(await client.closed).toMatchObject({ code: close });
    expect(served.gateway.sessions).toEqual([]);
  });

  const FIRST_FRAMES: readonly (readonly [string, ErrorCode, string | undefined])[] = [
    ['{"type":"join","id":"x1","room":"lobby:main"}', 'not_authenticated', 'x1'],
    ['{"type":"pong"}', 'not_authenticated', undefined],
    ['{"type":"nonsense","id":"x1"}', 'unknown_frame', 'x1'],
    ['{"type":"hello","id":"x1","rooms":[{"room":5}]}', 'invalid_frame', 'x1'],
    ['{"type":"hello","token":"t"}', 'invalid_frame', undefined],
    ['not json', 'malformed', undefined],
  ];
  it.each(FIRST_FRAMES)('closes 4501 when the first frame is %s', async (text, code, id) => {
    await using served = await serveCanonical();
    await using client = await connectRaw(served);
    client.sendText(text);
    const error = await client.nextOf('error');
    expect([error.code, error.id]).toEqual([code, id]);
    expect(await client.next()).toEqual({
      type: 'goaway',
      code: 4501,
      reason: 'protocol_violation',
      reconnect: false,
      afterMs: 0,
    });
    expect(await client.closed).toEqual({ code: 4501, reason: 'protocol_violation' });
    expect(served.gateway.greetings).toEqual([]);
  });

  it('closes 1009 when a hello is above 65 536 bytes', async () => {
    await using served = await serveCanonical();
    await using client = await connectRaw(served);
    client.sendText(JSON.stringify({ type: 'hello', id: 'h1', more: 'x'.repeat(65_536) }));
    expect(await client.next()).toMatchObject({ type: 'error', code: 'too_large' });
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('closes 4001 when no hello comes', async () => {
    await using served = await serveCanonical({ helloTimeoutMs: 50 });
    await using client = await connectRaw(served);
    expect(await client.next()).toEqual({
      type: 'goaway',
      code: 4001,
      reason: 'hello_timeout',
      reconnect: true,
      afterMs: 0,
    });
    expect(await client.closed).toEqual({ code: 4001, reason: 'hello_timeout' });
    await eventually(() => served.router.counts().connections === 0);
  });

  it('closes 4005 when an authentication takes longer than a hello may, and tells it to stop', async () => {
    let stopped = false;
    await using served = await serveCanonical({
      helloTimeoutMs: 50,
      authenticate: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            stopped = true;
            reject(new TrunklineError('cancelled', 'The peer is gone.'));
          });
        }),
    });
    await using client = await connectRaw(served);
    client.send({ type: 'hello', id: 'h1', token: 'slow' });
    expect(await client.next()).toMatchObject({ type: 'error', id: 'h1', code: 'unavailable' });
    expect(await client.closed).toMatchObject({ code: 4005 });
    expect(stopped).toBe(true);
  });

  it('reads frames that came with or after the hello once it is welcomed, in order', async () => {
    let admit = (): void => {};
    const gate = new Promise<void>((resolve) => {
      admit = resolve;
    });
    await using served = await serveCanonical({ authenticate: () => gate });
    await using client = await RawSocket.connect(served.port);
    const frames = [
      '{"type":"hello","id":"h","token":"u1"}',
      '{"type":"leave","id":"1","room":"a:1"}',
      '{"type":"leave","id":"2","room":"a:1"}',
    ];
    client.socket.write(
      Buffer.concat([Buffer.from(handshake({ path: '/v1/connect' })), ...frames.map((text) => clientFrame(text))]),
    );
    await eventually(() => served.gateway.authenticating === 1);
    client.socket.write(clientFrame('{"type":"leave","id":"3","room":"a:1"}'));
    admit();
    await eventually(() => served.gateway.sessions[0]?.commands.length === 3);
    expect(served.gateway.sessions[0]?.commands.map((command) => 'id' in command && command.id)).toEqual([
      '1',
      '2',
      '3',
    ]);
    await eventually(() => client.texts().length > 0);
    expect(client.texts()[0]).toContain('"welcome"');
  });

  it('refuses a second hello and lives on', async () => {
    await using served = await serveCanonical({
      handle: (command) => (command.type === 'refused' ? { type: 'error', error: command.error } : { type: 'done' }),
    });
    await using client = await connectRaw(served);
    await client.hello({ token: 'u1' });
    client.send({ type: 'hello', id: 'h2', token: 'u1' });
    expect(await client.next()).toMatchObject({ type: 'error', id: 'h2', code: 'already_authenticated' });
    client.send({ type: 'leave', id: '1', room: 'lobby:main' });
    await eventually(() => served.gateway.sessions[0]?.commands.length === 2);
  });

  it('drops a peer that goes while its hello is looked at', async () => {
    let signalled = false;
    await using served = await serveCanonical({
      authenticate: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            signalled = true;
            reject(new TrunklineError('cancelled', 'The peer is gone.'));
          });
        }),
    });
    const client = await connectRaw(served);
    client.send({ type: 'hello', id: 'h1', token: 'slow' });
    await eventually(() => served.gateway.authenticating === 1);
    client.terminate();
    await eventually(() => signalled);
    expect(served.gateway.sessions).toEqual([]);
    await eventually(() => served.router.counts().connections === 0);
  });

  it('ends connections without a session when it is closed', async () => {
    await using served = await serveCanonical();
    await using client = await connectRaw(served);
    await served.router.close();
    expect(await client.closed).toMatchObject({ code: 1012 });
  });
});
