import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectRaw, createFrameQueue } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fieldsOf } from './start-api.js';
import { startWholeServer } from './start-server.js';

/** A plain socket of another wire format, its frames queued from birth. */
async function openSocket(url: string) {
  const socket = new WebSocket(url);
  const frames = createFrameQueue<Record<string, unknown>>();
  socket.on('message', (data) => frames.push(JSON.parse(data.toString())));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    socket,
    nextOf: (type: string) => frames.take((frame) => frame.type === type, type),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

it('lets a socket in by a one-time ticket, once (S17)', async () => {
  await using server = await startWholeServer();
  const headers = { authorization: `Bearer ${await server.tokenFor('ann')}` };
  const { ticket } = await fieldsOf(await fetch(`${server.url}/v1/tickets`, { method: 'POST', headers }));
  await using client = await connectRaw({ url: `${server.socketUrl}/v1/connect?ticket=${ticket}` });
  expect(await client.hello()).toMatchObject({ userId: 'ann' });
  await using second = await connectRaw({ url: `${server.socketUrl}/v1/connect?ticket=${ticket}` });
  await expect(second.hello()).rejects.toThrow();
});

it('delivers what HTTP publishes to every format in the room', async () => {
  await using server = await startWholeServer({ LISTEN: '0=booking' });
  const [owner, service] = [await server.tokenFor('ann'), await server.tokenFor('backend', 'service')];
  const headers = { authorization: `Bearer ${service}`, 'content-type': 'application/json' };
  await fetch(`${server.url}/v1/relations`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ object: 'booking:42', relation: 'owner', user: 'ann' }),
  });
  using own = await openSocket(`ws://127.0.0.1:${server.dialectPorts[0]}/ws?token=${owner}`);
  using main = await openSocket(`${server.socketUrl}/ws?token=${owner}`);
  await using client = await connectRaw({ url: server.socketUrl });
  await client.hello({ token: owner });
  await client.join('booking:42');
  for (const { socket, nextOf } of [own, main]) {
    await nextOf('connected');
    socket.send(JSON.stringify({ type: 'join', room: 'booking:42' }));
    await nextOf('joined_room');
  }
  const body = JSON.stringify({ type: 'status_update', data: { bookingId: '42', status: 'en_route' } });
  const { id } = await fieldsOf(
    await fetch(`${server.url}/v1/rooms/booking%3A42/events`, { method: 'POST', headers, body }),
  );
  expect(await client.nextOf('event')).toMatchObject({ id, event: 'status_update', from: { service: 'backend' } });
  for (const { nextOf } of [own, main])
    expect(await nextOf('status_update')).toMatchObject({ bookingId: '42', status: 'en_route' });
});

it('runs the echo action in development', async () => {
  await using server = await startWholeServer();
  await using client = await connectRaw({ url: server.socketUrl });
  await client.hello({ token: await server.tokenFor('ann') });
  client.send({ type: 'request', id: 'r1', action: 'echo', data: { text: 'hi' } });
  expect(await client.nextOf('response')).toMatchObject({ id: 'r1', data: { text: 'hi' } });
});

it('closes every socket of a user on disconnect, and of a token when it is revoked', async () => {
  await using server = await startWholeServer();
  const headers = {
    authorization: `Bearer ${await server.tokenFor('boss', 'admin')}`,
    'content-type': 'application/json',
  };
  await using ann = await connectRaw({ url: server.socketUrl });
  await ann.hello({ token: await server.tokenFor('ann') });
  await using bob = await connectRaw({ url: server.socketUrl });
  await bob.hello({ token: await server.tokenFor('bob') });
  await fetch(`${server.url}/v1/users/ann/disconnect`, {
    method: 'POST',
    headers: { authorization: headers.authorization },
  });
  expect(await ann.closed).toMatchObject({ code: 4502 });
  await fetch(`${server.url}/v1/tokens/revoke`, { method: 'POST', headers, body: JSON.stringify({ subject: 'bob' }) });
  expect(await bob.closed).toMatchObject({ code: 4102 });
});

it('drains: readyz 503, goaway, 1012, and then it is closed', async () => {
  await using server = await startWholeServer();
  await using client = await connectRaw({ url: server.socketUrl });
  await client.hello({ token: await server.tokenFor('ann') });
  const drained = server.drain();
  expect(await client.nextOf('goaway')).toMatchObject({ code: 1012, reconnect: true });
  await client.close();
  expect(await drained).toEqual({ outbox: 0 });
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
});

it('counts connections by dialect and close code', async () => {
  await using server = await startWholeServer();
  const figures = async () => (await fetch(`${server.url}/metrics`)).text();
  const client = await connectRaw({ url: server.socketUrl });
  await client.hello({ token: await server.tokenFor('ann') });
  expect(await figures()).toMatch(/trunkline_connections\{dialect="[^"]+"\} 1/);
  await client.close();
  await expect
    .poll(figures, { interval: 10 })
    .toMatch(/trunkline_connections_closed_total\{dialect="[^"]+",code="1000"\} 1/);
});

it.each(['hello', 'cookie', 'origin'])(
  'refuses a bad token without a stack, a value or a word of the library: %s',
  async (text) => {
    await using server = await startWholeServer();
    await using client = await connectRaw({ url: server.socketUrl });
    await expect(client.hello({ token: text })).rejects.toThrow();
    const { code, reason } = await client.closed;
    expect(code).toBe(4100);
    expect(reason).not.toMatch(/jws|jose|compact/i);
  },
);

it('asks DIRECTORY_URL for relations, and looks again when it is told of a change', async () => {
  const facts: object[] = [];
  const service = createServer((_, res) => res.end(JSON.stringify({ relations: facts })));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = service.address() as AddressInfo;
    await using server = await startWholeServer({ DIRECTORY_URL: `http://127.0.0.1:${port}/relations` });
    await using client = await connectRaw({ url: server.socketUrl });
    await client.hello({ token: await server.tokenFor('ann') });
    await expect(client.join('booking:42')).rejects.toThrow(/forbidden/);
    const fact = { object: 'booking:42', relation: 'owner', user: 'ann' };
    const headers = {
      authorization: `Bearer ${await server.tokenFor('backend', 'service')}`,
      'content-type': 'application/json',
    };
    const tell = (method: string) =>
      fetch(`${server.url}/v1/relations`, { method, headers, body: JSON.stringify(fact) });
    facts.push(fact);
    await tell('PUT');
    expect(await client.join('booking:42')).toMatchObject({ room: 'booking:42' });
    facts.pop();
    await tell('DELETE');
    expect(await client.nextOf('left')).toMatchObject({ room: 'booking:42', reason: 'relation_removed' });
  } finally {
    service.closeAllConnections();
    service.close();
  }
});

it('takes tokens of an identity provider, and then has no login endpoints of its own', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }];
  const provider = createServer((_, res) => res.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = provider.address() as AddressInfo;
    await using server = await startWholeServer({
      NODE_ENV: 'production',
      JWT_SECRET: '',
      JWT_JWKS_URL: `http://127.0.0.1:${port}/keys`,
      JWT_ISSUER: 'https://id.example',
    });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = `${part({ alg: 'ES256', kid: 'k1' })}.${part({ sub: 'ann', iss: 'https://id.example', exp: Math.floor(Date.now() / 1_000) + 60 })}`;
    const token = `${body}.${sign('sha256', Buffer.from(body), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    await using client = await connectRaw({ url: server.socketUrl });
    expect(await client.hello({ token })).toMatchObject({ userId: 'ann' });
    for (const path of ['/token', '/api/v2/auth/login'])
      expect((await fetch(server.url + path, { method: 'POST' })).status).toBe(404);
  } finally {
    provider.closeAllConnections();
    provider.close();
  }
});
