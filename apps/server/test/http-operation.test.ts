import { createMemoryRoster } from '@trunkline/server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fieldsOf, startApi } from './start-api.js';

let server: Awaited<ReturnType<typeof startApi>>;
const roster = createMemoryRoster();
beforeAll(async () => {
  server = await startApi({ hub: { roster } });
});
afterAll(() => server[Symbol.asyncDispose]());

const fact = { object: 'booking:1', relation: 'owner', user: 'ann' };

it('PUT, GET and DELETE /v1/relations change facts and say whether they did', async () => {
  const as = server.tokens.service;
  expect(await fieldsOf(await server.call('PUT', '/v1/relations', { as, body: fact }))).toEqual({
    ...fact,
    changed: true,
  });
  expect(await fieldsOf(await server.call('PUT', '/v1/relations', { as, body: fact }))).toEqual({
    ...fact,
    changed: false,
  });
  for (const query of [
    'object=booking%3A1',
    'object=booking%3A1&user=ann&relation=owner',
    'user=ann&relation=owner&kind=booking',
  ]) {
    expect(await fieldsOf(await server.call('GET', `/v1/relations?${query}`, { as }))).toEqual({ relations: [fact] });
  }
  expect(await fieldsOf(await server.call('GET', '/v1/relations?object=booking%3A1&user=bob', { as }))).toEqual({
    relations: [],
  });
  expect(await fieldsOf(await server.call('DELETE', '/v1/relations', { as, body: fact }))).toEqual({
    ...fact,
    changed: true,
  });
  expect(await fieldsOf(await server.call('DELETE', `/v1/relations?${new URLSearchParams(fact)}`, { as }))).toEqual({
    ...fact,
    changed: false,
  });
  expect(await fieldsOf(await server.call('GET', '/v1/relations?object=booking%3A1', { as }))).toEqual({
    relations: [],
  });
});

it.each([
  ['PUT', {}],
  ['PUT', { ...fact, object: 'nonsense' }],
  ['PUT', { ...fact, relation: 'a b' }],
  ['PUT', { ...fact, user: '' }],
  ['PUT', { ...fact, user: 'x'.repeat(129) }],
  ['DELETE', { object: 'booking:1' }],
])('%s /v1/relations refuses %j', async (method, body) => {
  const answer = await server.call(method, '/v1/relations', { as: server.tokens.service, body });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'invalid_data', path: expect.any(String) });
});

it('GET /v1/relations refuses a question that would read everything', async () => {
  expect((await server.call('GET', '/v1/relations?user=ann', { as: server.tokens.service })).status).toBe(400);
});

it('GET presence of rooms and users', async () => {
  const as = server.tokens.admin;
  expect(await fieldsOf(await server.call('GET', '/v1/rooms/lobby%3Aa/presence', { as }))).toEqual({
    version: expect.any(Number),
    members: [],
  });
  expect(await fieldsOf(await server.call('GET', '/v1/users/ann/presence', { as }))).toEqual({
    userId: 'ann',
    online: false,
    rooms: [],
  });
});

it('GET /websocket/connections and /websocket/rooms are paged', async () => {
  for (const n of [1, 2, 3]) {
    roster.set({
      connectionId: `c${n}`,
      nodeId: 'n',
      userId: `u${n}`,
      dialect: 'canonical',
      connectedAt: n,
      rooms: ['lobby:a', `lobby:${n}`],
    });
  }
  const as = server.tokens.admin;
  const first = await fieldsOf(await server.call('GET', '/websocket/connections?limit=2', { as }));
  expect(first).toMatchObject({ total: 3, next: expect.any(String) });
  expect(first.connections).toHaveLength(2);
  const rest = await fieldsOf(
    await server.call('GET', `/websocket/connections?limit=2&cursor=${encodeURIComponent(String(first.next))}`, { as }),
  );
  expect(rest).toMatchObject({ next: null });
  expect(rest.connections).toHaveLength(1);
  const rooms = await fieldsOf(await server.call('GET', '/websocket/rooms', { as }));
  expect(rooms.rooms).toEqual(expect.arrayContaining([{ room: 'lobby:a', connections: 3 }]));
});

it('POST /websocket/broadcast is accepted', async () => {
  const answer = await server.call('POST', '/websocket/broadcast', {
    as: server.tokens.admin,
    body: { type: 'system_notification', data: { text: 'hi' } },
  });
  expect(answer.status).toBe(202);
});

it('GET /websocket/status tells nothing private', async () => {
  expect(await fieldsOf(await server.call('GET', '/websocket/status'))).toEqual({
    status: 'ok',
    ready: true,
    timestamp: expect.any(String),
  });
});

it('GET /readyz says 503 while draining, and /healthz stays well', async () => {
  expect(await fieldsOf(await server.call('GET', '/readyz'))).toEqual({ status: 'ok' });
  server.state.isDraining = true;
  const answer = await server.call('GET', '/readyz');
  expect(answer.status).toBe(503);
  expect(await fieldsOf(answer)).toEqual({ status: 'draining' });
  expect((await server.call('GET', '/healthz')).status).toBe(200);
  server.state.isDraining = false;
});

it('GET /metrics names every figure without a user or a room', async () => {
  const answer = await server.call('GET', '/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const text = await answer.text();
  for (const name of [
    'connections',
    'publishes_total',
    'ack_seconds_bucket',
    'delivery_seconds_bucket',
    'canary_age_seconds',
    'nodejs_eventloop_lag_seconds',
    'auth_failures_total',
    'limit_hits_total',
    'resumes_total',
    'gaps_total',
    'ready 1',
    'degraded 0',
  ]) {
    expect(text).toContain(`trunkline_${name}`);
  }
  expect(text).not.toMatch(/lobby:a|"u1"/);
});

it('GET /contract.json gives rooms, events, actions and calls as JSON Schema', async () => {
  expect(await fieldsOf(await server.call('GET', '/contract.json', { as: server.tokens.service }))).toMatchObject({
    rooms: { lobby: { events: { message: { durable: true, data: { type: 'object', required: ['text'] } } } } },
    actions: { echo: { input: expect.anything() } },
    calls: {},
  });
});

it('GET /openapi.json describes every route of the API', async () => {
  const document = await fieldsOf(await server.call('GET', '/openapi.json'));
  expect(Object.keys(document.paths ?? {})).toEqual(
    expect.arrayContaining([
      '/token',
      '/test-token',
      '/api/v2/auth/login',
      '/v1/events',
      '/v1/rooms/{room}/events',
      '/v1/rooms/{room}',
      '/v1/rooms/{room}/presence',
      '/v1/users/{id}/presence',
      '/v1/relations',
      '/v1/users/{id}/disconnect',
      '/v1/tokens/revoke',
      '/v1/tickets',
      '/websocket/status',
      '/websocket/connections',
      '/websocket/rooms',
      '/websocket/broadcast',
      '/healthz',
      '/readyz',
      '/metrics',
      '/contract.json',
    ]),
  );
  expect(document).toMatchObject({
    openapi: '3.0.3',
    paths: {
      '/v1/relations': {
        put: {
          requestBody: { content: { 'application/json': { schema: { required: ['object', 'relation', 'user'] } } } },
        },
      },
    },
  });
});

it('refuses bytes that are not HTTP, and stays', async () => {
  const { connect } = await import('node:net');
  const { hostname, port } = new URL(server.url);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write('NONSENSE\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('application/problem+json');
  expect((await server.call('GET', '/healthz')).status).toBe(200);
});
