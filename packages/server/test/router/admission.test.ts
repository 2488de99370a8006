import { eventually } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { createAdmission } from '../../src/router/admission.js';
import { addressKey } from '../../src/router/request-head.js';
import { webSocketDialect } from '../../src/web-socket/web-socket-dialect.js';
import { createChatCodec, refuseChat } from '../support/chat-codec.js';
import { createFakeGateway, type FakeGatewayOptions } from '../support/fake-gateway.js';
import { type HandshakeOptions, handshake, RawSocket } from '../support/raw-socket.js';
import { type ServeOptions, serve } from '../support/serve.js';

async function serveChat(options: Partial<ServeOptions> = {}, gatewayOptions: FakeGatewayOptions = {}) {
  const gateway = createFakeGateway(gatewayOptions);
  const chat = webSocketDialect({ name: 'chat', paths: ['/ws'], codec: createChatCodec(), refuse: refuseChat });
  return Object.assign(await serve({ gateway, dialects: [chat], ...options }), { gateway });
}

async function refusal(port: number, options: HandshakeOptions = {}): Promise<{ status: number; head: string }> {
  await using raw = await RawSocket.connect(port);
  raw.socket.write(handshake(options));
  return { status: await raw.status(), head: await raw.head() };
}

describe('admission', () => {
  it('refuses more connections of one address than its limit with 429, until one has gone', async () => {
    await using served = await serveChat({ connectionsPerAddress: 2 });
    await using _one = await RawSocket.upgrade(served.port);
    const two = await RawSocket.upgrade(served.port);
    const { head, status } = await refusal(served.port);
    expect(status).toBe(429);
    expect(head).toMatch(/Retry-After: \d+/);
    await two[Symbol.asyncDispose]();
    await eventually(() => served.router.counts().connections === 1);
    await using _three = await RawSocket.upgrade(served.port);
    expect(served.router.counts()).toEqual({ connections: 2, unauthenticated: 0, addresses: 1 });
  });

  it('does not let X-Forwarded-For of a stranger hide the address', async () => {
    await using served = await serveChat({ connectionsPerAddress: 1 });
    await using _one = await RawSocket.upgrade(served.port, { headers: { 'X-Forwarded-For': '203.0.113.1' } });
    expect((await refusal(served.port, { headers: { 'X-Forwarded-For': '203.0.113.2' } })).status).toBe(429);
    expect(served.gateway.sessions[0]?.options.address).toBe('127.0.0.1');
  });

  it('counts by the nearest untrusted address behind a trusted proxy', async () => {
    await using served = await serveChat({ connectionsPerAddress: 1, trustedProxies: ['127.0.0.0/8'] });
    const from = (list: string) => ({ headers: { 'X-Forwarded-For': list } });
    await using _one = await RawSocket.upgrade(served.port, from('198.51.100.7, 203.0.113.1'));
    await using _two = await RawSocket.upgrade(served.port, from('198.51.100.7, 203.0.113.2'));
    expect((await refusal(served.port, from('192.0.2.1, 203.0.113.1'))).status).toBe(429);
    expect(served.gateway.sessions.map(({ options }) => options.address)).toEqual(['203.0.113.1', '203.0.113.2']);
  });

  it('counts by the proxy when it forwards what is no address', async () => {
    await using served = await serveChat({ connectionsPerAddress: 1, trustedProxies: ['loopback'] });
    await using _one = await RawSocket.upgrade(served.port, { headers: { 'X-Forwarded-For': 'x' } });
    expect((await refusal(served.port, { headers: { 'X-Forwarded-For': 'y' } })).status).toBe(429);
  });

  it('bounds the connections that are not authenticated', async () => {
    let admit = (): void => {};
    const gate = new Promise<void>((resolve) => {
      admit = resolve;
    });
    await using served = await serveChat({ maxUnauthenticated: 1 }, { authenticate: () => gate });
    await using one = await RawSocket.connect(served.port);
    one.socket.write(handshake());
    await eventually(() => served.gateway.authenticating === 1);
    expect((await refusal(served.port)).status).toBe(503);
    admit();
    expect(await one.status()).toBe(101);
    await using _two = await RawSocket.upgrade(served.port);
  });

  it('paces upgrades by the second', async () => {
    await using served = await serveChat({ connectsPerSecond: 2 });
    await using _one = await RawSocket.upgrade(served.port);
    await using _two = await RawSocket.upgrade(served.port);
    const { head, status } = await refusal(served.port);
    expect(status).toBe(503);
    expect(head).toContain('Retry-After: 1');
  });

  it('refuses everybody with 503 while draining', async () => {
    await using served = await serveChat();
    served.router.drain();
    expect((await refusal(served.port)).status).toBe(503);
  });

  it('bounds all connections together', () => {
    const admission = createAdmission({ maxConnections: 1 });
    const socket = {};
    const admitted = admission.admit('192.0.2.1', socket);
    expect(admission.admit('192.0.2.2', {})).toMatchObject({ status: 503 });
    if ('ended' in admitted) admitted.ended.call(socket);
    expect(admission.counts()).toEqual({ connections: 0, unauthenticated: 0, addresses: 0 });
    expect(admission.admit('192.0.2.2', {})).not.toHaveProperty('status');
  });

  it('counts a socket as authenticated once, also when it ends before', () => {
    const admission = createAdmission({});
    const socket = {};
    const [one] = [admission.admit('192.0.2.1', socket), admission.admit('192.0.2.1', {})];
    if (!one || !('ended' in one)) throw new Error('not admitted');
    admission.authenticated(socket);
    admission.authenticated(socket);
    one.ended.call(socket);
    admission.authenticated(socket);
    expect(admission.counts()).toEqual({ connections: 1, unauthenticated: 1, addresses: 1 });
  });

  it('takes the addresses of one IPv6 subscriber together', () => {
    expect(addressKey('2001:db8:1:2::1')).toBe(addressKey('2001:db8:1:2:ffff::9'));
    expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
    expect(addressKey('192.0.2.1')).toBe('192.0.2.1');
  });
});
