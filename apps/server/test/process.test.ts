import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createTokenIssuer } from '@trunkline/server';
import { connectRaw } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { fieldsOf, HASH, SECRET } from './start-api.js';
import { startProcess } from './start-process.js';
import { temporaryDirectory } from './temporary-directory.js';

const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };
const ready = /listening at (http:\S+) \(all\)/;

describe.each<[string, Record<string, string>]>([
  ['development', {}],
  ['production', production],
])('in %s, when nobody reads what it prints', (_, environment) => {
  it('serves on', async () => {
    await using server = startProcess({ ...environment, LOG_LEVEL: 'debug' });
    const [, url = ''] = await server.printed(ready);
    server.stopReading();
    for (let n = 0; n < 3; n++) {
      await using client = await connectRaw({ url: url.replace('http', 'ws') });
      await client.send({ type: 'hello', id: 'h', token: 'none of ours' });
      await client.next();
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('ends', async () => {
    await using server = startProcess(environment);
    await server.printed(ready);
    server.stopReading();
    server.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('in development', () => {
  it('prints its address, the playground, the dashboard and a token that works, and ends well', async () => {
    await using server = startProcess({});
    const [, url = ''] = await server.printed(/^ {2}Address: (http:\/\/127\.0\.0\.1:\d+)$/m);
    for (const page of ['Playground', 'Dashboard']) {
      const [, address = ''] = await server.printed(new RegExp(`^ {2}${page}: (\\S+)`, 'm'));
      expect((await fetch(address)).headers.get('content-type')).toMatch(/^text\/html/);
    }
    const [, token = ''] = await server.printed(/^ {2}Token: (eyJ\S+)$/m);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    {
      await using client = await connectRaw({ url: url.replace('http', 'ws') });
      await client.hello({ token });
      await client.join('lobby:hall');
      await client.publish('lobby:hall', 'message', { text: 'hello' });
      expect(await client.nextOf('event')).toMatchObject({ data: { text: 'hello' }, from: { userId: 'test-user' } });
    }
    server.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ status: 0, stderr: '' });
  });

  it('logs in the accounts of the documents, on the ports of the documents too', async () => {
    await using server = startProcess({ LISTEN: '0=shipvox,0=booking' });
    const [, shipvox = ''] = await server.printed(/listening at (http:\S+) \(shipvox\)/);
    const [, booking = ''] = await server.printed(/listening at (http:\S+) \(booking\)/);
    const [, main = ''] = await server.printed(ready);
    for (const url of [main, shipvox]) {
      const answer = await fetch(`${url}/token`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'user', password: 'password' }),
      });
      expect(await answer.json()).toMatchObject({ token_type: 'bearer', expires_in: 1_800 });
      expect((await fetch(`${url}/test-token`)).status).toBe(200);
    }
    for (const url of [main, booking]) {
      const body = JSON.stringify({ phone: '+966500000001', password: 'password123' });
      const answer = await fetch(`${url}/api/v2/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(await answer.json()).toMatchObject({ access_token: expect.any(String), user: { phone: '+966500000001' } });
    }
    for (const path of ['/readyz', '/metrics', '/openapi.json', '/v1/relations', '/api/v2/auth/login', '/'])
      expect((await fetch(shipvox + path)).status).toBe(404);
    for (const path of ['/token', '/test-token', '/websocket/connections'])
      expect((await fetch(booking + path)).status).toBe(404);
  });

  it('answers 503 at /readyz while it drains, and a second signal ends it at once', async () => {
    await using server = startProcess({ DRAIN_WINDOW_MS: '60000', DRAIN_DEADLINE_MS: '60000' });
    const [, url = ''] = await server.printed(ready);
    const [, token = ''] = await server.printed(/Token: (eyJ\S+)/);
    await using client = await connectRaw({ url: url.replace('http', 'ws') });
    await using other = await connectRaw({ url: url.replace('http', 'ws') });
    await client.hello({ token });
    await other.hello({ token });
    server.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { interval: 20, timeout: 5_000 }).toBe(503);
    expect(await fieldsOf(await fetch(`${url}/readyz`))).toEqual({ status: 'draining' });
    server.kill('SIGTERM');
    expect((await server.ended).status).toBe(130);
  });
});

it('ends in order when it is told to while it still waits for Redis', async () => {
  // Takes connections and says nothing.
  const redis = createServer().listen(0, '127.0.0.1');
  const asked = new Promise((resolve) => redis.once('connection', resolve));
  await new Promise((resolve) => redis.once('listening', resolve));
  const { port } = redis.address() as AddressInfo;
  await using server = startProcess({ REDIS_URL: `redis://127.0.0.1:${port}` });
  await asked;
  server.kill('SIGTERM');
  expect(await server.ended).toMatchObject({ status: 0, stderr: '' });
  redis.close();
});

describe('in production', () => {
  it('starts with a secret, has neither test token nor accounts, and prints no token', async () => {
    await using server = startProcess(production);
    const [, url = ''] = await server.printed(ready);
    expect((await fetch(`${url}/test-token`)).status).toBe(404);
    const login = await fetch(`${url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'user', password: 'password' }),
    });
    expect(login.status).toBe(401);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    server.kill('SIGTERM');
    const { status, stdout } = await server.ended;
    expect(status).toBe(0);
    expect(stdout).not.toContain('eyJ');
  });

  it.each([
    ['no key', { NODE_ENV: 'production' }, 'JWT_SECRET'],
    [
      'a private key',
      { NODE_ENV: 'production', JWT_PUBLIC_KEY: '-----BEGIN PRIVATE KEY-----\\nx\\n-----END PRIVATE KEY-----' },
      'JWT_PUBLIC_KEY',
    ],
    ['a contract that is not there', { ...production, CONTRACT_FILE: '/no/such/file.js' }, 'CONTRACT_FILE'],
    ['workers without Redis', { ...production, WORKERS: '2' }, 'WORKERS'],
  ])('refuses %s with one line and 78 (S44)', async (_, environment: Record<string, string>, variable) => {
    await using server = startProcess(environment);
    const { status, stderr, stdout } = await server.ended;
    expect(status).toBe(78);
    expect(stderr).toMatch(new RegExp(`^${variable}: [^\\n]+\\n$`));
    expect(stdout).toBe('');
  });
});

describe('a port that is taken', () => {
  it('ends it with one line that names HOST, where that is no address of this machine', async () => {
    for (const HOST of ['192.0.2.1', 'no-such-host.invalid']) {
      await using server = startProcess({ HOST });
      expect(await server.ended).toMatchObject({ status: 78, stderr: expect.stringMatching(/^HOST: [^\n]+\n$/) });
    }
  });

  it.each(['PORT', 'LISTEN'])('ends it with one line that names %s', async (variable) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await using server = startProcess(variable === 'PORT' ? { PORT: String(port) } : { LISTEN: `${port}=shipvox` });
    const { status, stderr } = await server.ended;
    taken.close();
    expect(status).toBe(78);
    expect(stderr).toMatch(new RegExp(`^${variable}: 127\\.0\\.0\\.1:${port} is already in use[^\\n]*\\n$`));
  });
});

it('serves an operator’s contract and accounts', async () => {
  await using directory = await temporaryDirectory();
  await using server = startProcess({
    ...production,
    USERS_FILE: await directory.write(
      'users.json',
      JSON.stringify({ users: [{ id: 'u9', name: 'ann', hash: HASH, roles: ['admin'] }] }),
    ),
    CONTRACT_FILE: await directory.write(
      'contract.mjs',
      'export const contract = { rooms: {}, actions: {}, calls: {} };',
    ),
  });
  const [, url = ''] = await server.printed(ready);
  const body = new URLSearchParams({ username: 'ann', password: 'password' });
  const login = await fieldsOf(await fetch(`${url}/token`, { method: 'POST', body }));
  const headers = { authorization: `Bearer ${login.access_token}` };
  expect(await fieldsOf(await fetch(`${url}/v1/rooms/lobby%3Aa/events`, { headers }))).toMatchObject({
    code: 'unknown_room_kind',
  });
});

it('writes no token, password or message into its log, whatever goes wrong (S18)', async () => {
  await using server = startProcess({ ...production, LOG_LEVEL: 'trace' });
  const [, url = ''] = await server.printed(ready);
  const token = await createTokenIssuer({ secret: SECRET }).issue({ userId: 'ann', roles: ['admin'] });
  const text = 'the words of a message';
  const sockets = url.replace('http', 'ws');
  {
    await using client = await connectRaw({
      url: sockets,
      bearer: token.token,
      headers: { authorization: `Bearer ${token.token}` },
    });
    await client.hello({ token: token.token });
    await client.join('lobby:hall');
    await client.publish('lobby:hall', 'message', { text });
    client.sendText(`{"type":"publish","data":"${text}`);
    client.sendText(
      JSON.stringify({ type: 'request', id: 'r1', action: 'nothing', data: { text, token: token.token } }),
    );
  }
  for (const path of [
    `/ws?token=${token.token}`,
    `/v1/ws/chat?access_token=${token.token}`,
    `/nothing?token=${token.token}`,
  ])
    await fetch(url + path);
  await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'ann', password: 'hunter2hunter2' }),
  });
  await fetch(`${url}/v1/relations`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token.token}x`, 'content-type': 'application/json' },
    body: `{"${text}`,
  });
  server.kill('SIGTERM');
  const { stdout, stderr } = await server.ended;
  expect(stdout).toContain('"connection closed"');
  expect(stdout + stderr).not.toMatch(/eyJ|hunter2|the words of a message/);
});
