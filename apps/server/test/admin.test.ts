import { setTimeout as pause } from 'node:timers/promises';
import { createMemoryRoster } from '@trunkline/server';
import { parseSetCookie } from 'cookie';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeBoard } from '../src/admin/node-board.js';
import { createFiguresReader } from '../src/observability/figures.js';
import { createMetrics } from '../src/observability/metrics.js';
import { fieldsOf, startApi } from './start-api.js';

let server: Awaited<ReturnType<typeof startApi>>;
const roster = createMemoryRoster();
beforeAll(async () => {
  server = await startApi({ hub: { roster } });
});
afterAll(() => server[Symbol.asyncDispose]());

const PROOF = { 'x-trunkline-admin': '1' };
const login = (body: unknown, headers: Record<string, string> = PROOF) =>
  server.call('POST', '/admin/login', { body, headers });
const cookieOf = (answer: Response) => parseSetCookie(answer.headers.getSetCookie()[0] ?? '');
async function signIn(): Promise<Record<string, string>> {
  const { name, value } = cookieOf(await login({ token: server.tokens.admin }));
  return { ...PROOF, cookie: `${name}=${value}` };
}

it('signs an admin in by token or by account, with a cookie that no script and no other site gets', async () => {
  for (const body of [{ token: server.tokens.admin }, { name: 'ann', password: 'password' }]) {
    const answer = await login(body);
    expect(answer.status).toBe(204);
    expect(cookieOf(answer)).toMatchObject({ httpOnly: true, path: '/admin', sameSite: 'strict' });
    expect(cookieOf(answer).maxAge).toBeGreaterThan(60);
  }
});

it('sends the cookie over https alone in production', async () => {
  await using production = await startApi({ context: { production: true } });
  const answer = await production.call('POST', '/admin/login', {
    body: { token: production.tokens.admin },
    headers: PROOF,
  });
  expect(cookieOf(answer)).toMatchObject({ secure: true, httpOnly: true });
});

it.each([
  ['a user’s token', () => ({ token: server.tokens.user }), 403, 'forbidden'],
  ['a service’s token', () => ({ token: server.tokens.service }), 403, 'forbidden'],
  ['no token at all', () => ({ token: 'nonsense' }), 401, 'unauthenticated'],
  ['a wrong password', () => ({ name: 'ann', password: 'wrong' }), 401, 'unauthenticated'],
  ['half a login', () => ({ name: 'ann' }), 400, 'invalid_data'],
])('refuses %s and sets no cookie', async (_, body, status, code) => {
  const answer = await login(body());
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code });
  expect(answer.headers.getSetCookie()).toEqual([]);
});

it('answers nobody who is not signed in, whatever token the header has', async () => {
  for (const [method, path] of [
    ['GET', '/admin/api/overview'],
    ['GET', '/admin/api/connections'],
    ['GET', '/admin/api/rooms'],
    ['POST', '/admin/api/users/ann/disconnect'],
    ['POST', '/admin/api/broadcast'],
    ['POST', '/admin/api/tickets'],
  ] as const) {
    const answer = await server.call(method, path, { as: server.tokens.admin, headers: PROOF });
    expect(answer.status, path).toBe(401);
  }
});

it('changes nothing for a page of another site, which has the cookie at most and never the header', async () => {
  const { cookie = '' } = await signIn();
  for (const path of ['/admin/api/users/ann/disconnect', '/admin/api/tickets', '/admin/logout', '/admin/login']) {
    const answer = await server.call('POST', path, { headers: { cookie } });
    expect(answer.status, path).toBe(403);
  }
  const preflight = await fetch(`${server.url}/admin/api/tickets`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-trunkline-admin',
    },
  });
  expect(preflight.headers.get('access-control-allow-headers')).not.toContain('x-trunkline-admin');
  expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
});

it('a cookie signs nobody in beyond the dashboard', async () => {
  const headers = await signIn();
  expect((await server.call('GET', '/websocket/connections', { headers })).status).toBe(401);
});

it('shows this node with its health and figures', async () => {
  const headers = await signIn();
  const answer = await server.call('GET', '/admin/api/overview', { headers });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await fieldsOf(answer)).toMatchObject({
    userId: 'boss',
    connections: 0,
    nodes: [
      {
        nodeId: server.hub.status().nodeId,
        readiness: { ready: true, status: 'ok' },
        figures: { connections: 0, memoryBytes: expect.any(Number), ackBuckets: expect.any(Array) },
      },
    ],
  });
});

it('leaves the delay of the event loop to the next scrape, however often the dashboard reads figures', async () => {
  const metrics = createMetrics();
  const read = createFiguresReader(metrics.registry);
  await read();
  await pause(50);
  const until = performance.now() + 300;
  while (performance.now() < until);
  await pause(50);
  const { eventLoopP99Ms } = await read();
  expect(eventLoopP99Ms).toBeGreaterThan(150);
  expect((await read()).eventLoopP99Ms).toBeLessThan(150);
  const lag = await metrics.registry.getSingleMetric('trunkline_nodejs_eventloop_lag_seconds')?.get();
  const max = await metrics.registry.getSingleMetric('trunkline_nodejs_eventloop_lag_max_seconds')?.get();
  expect(lag?.values).toHaveLength(1);
  expect(max?.values[0]?.value).toBeGreaterThan(0.15);
});

it('reads figures as /metrics has them', async () => {
  const metrics = createMetrics();
  metrics.observer.connectionOpened?.('canonical');
  metrics.observer.connectionOpened?.('booking');
  metrics.observer.acknowledged?.(30);
  metrics.observer.published?.('lobby', true);
  metrics.observer.limited?.('rate');
  metrics.observer.refused?.('forbidden');
  const figures = await createFiguresReader(metrics.registry)();
  expect(figures).toMatchObject({ connections: 2, opened: 2, publishes: 1, refusals: 2 });
  const bucket = (le: number) => figures.ackBuckets.find(([bound]) => bound === le)?.[1];
  expect([bucket(0.025), bucket(0.05), bucket(10)]).toEqual([0, 1, 1]);
  expect(figures.memoryBytes).toBeGreaterThan(1_000_000);
});

it('gives 10 000 connections page by page, searched by user, and rooms likewise', async () => {
  for (let n = 0; n < 10_000; n++) {
    const userId = `user-${String(n).padStart(5, '0')}`;
    const rooms = [`lobby:${n % 500}`];
    roster.set({ connectionId: `c${n}`, nodeId: 'n', userId, dialect: 'canonical', connectedAt: n, rooms });
  }
  const headers = await signIn();
  const page = async (path: string) => fieldsOf(await server.call('GET', path, { headers }));
  const first = await page('/admin/api/connections?limit=50');
  expect(first).toMatchObject({ items: expect.any(Array), next: expect.any(String) });
  expect(first.items).toHaveLength(50);
  const found = await page('/admin/api/connections?limit=50&prefix=user-0999');
  expect(found.items).toHaveLength(10);
  const rooms = await page('/admin/api/rooms?limit=50&prefix=lobby:49');
  expect(rooms.items).toHaveLength(11);
  expect((await page('/admin/api/overview')).connections).toBe(10_000);
});

it('disconnects a user, and gives a ticket that opens one socket', async () => {
  const headers = await signIn();
  const answer = await server.call('POST', '/admin/api/users/ann/disconnect', { headers });
  expect(await fieldsOf(answer)).toEqual({ recorded: true });
  const { ticket } = await fieldsOf(await server.call('POST', '/admin/api/tickets', { headers }));
  await expect(server.hub.authenticate(String(ticket))).resolves.toMatchObject({ userId: 'boss' });
  await expect(server.hub.authenticate(String(ticket))).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('broadcasts, and says which part of one is wrong', async () => {
  const headers = await signIn();
  const send = (body: unknown) => server.call('POST', '/admin/api/broadcast', { headers, body });
  expect((await send({ type: 'system_notification', data: { text: 'hi' } })).status).toBe(204);
  expect(await (await send({ data: {} })).json()).toMatchObject({ code: 'invalid_data', path: 'type' });
});

it('signs out by taking the cookie back', async () => {
  const answer = await server.call('POST', '/admin/logout', { headers: PROOF });
  expect(cookieOf(answer)).toMatchObject({ name: 'trunkline_admin', maxAge: 0, path: '/admin' });
});

it('refuses a session whose token was revoked', async () => {
  const headers = await signIn();
  await server.hub.revoke({ userId: 'boss' });
  expect((await server.call('GET', '/admin/api/overview', { headers })).status).toBe(401);
});

it('a board alone shows one row', async () => {
  const metrics = createMetrics();
  const board = createNodeBoard({
    nodeId: 'n1',
    readiness: () => ({ ready: false, status: 'degraded', reason: 'Redis is away' }),
    figures: createFiguresReader(metrics.registry),
  });
  board.start();
  expect(await board.rows()).toMatchObject([{ nodeId: 'n1', readiness: { reason: 'Redis is away' } }]);
  board.close();
});
