import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldsOf, SECRET, startApi } from './start-api.js';

let server: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  server = await startApi({ context: { production: true } });
});
afterAll(() => server[Symbol.asyncDispose]());

const fact = { object: 'booking:1', relation: 'owner', user: 'ann' };
const event = { type: 'message', data: { text: 'x' } };
const adminRoutes: readonly [string, string, unknown?][] = [
  ['GET', '/v1/rooms/lobby%3Aa/events'],
  ['DELETE', '/v1/rooms/lobby%3Aa'],
  ['GET', '/v1/rooms/lobby%3Aa/presence'],
  ['GET', '/v1/users/ann/presence'],
  ['POST', '/v1/users/ann/disconnect'],
  ['POST', '/v1/tokens/revoke', { jti: 'x' }],
  ['GET', '/websocket/connections'],
  ['GET', '/websocket/rooms'],
  ['POST', '/websocket/broadcast', { type: 'system_notification', data: {} }],
];
const serviceRoutes: readonly [string, string, unknown?][] = [
  ['POST', '/v1/rooms/lobby%3Aa/events', event],
  ['POST', '/v1/events', { events: [{ room: 'lobby:a', ...event }] }],
  ['PUT', '/v1/relations', fact],
  ['DELETE', '/v1/relations', fact],
  ['GET', '/v1/relations?object=booking%3A1'],
  ['GET', '/metrics'],
  ['GET', '/contract.json'],
];

describe('who may ask (S38)', () => {
  it.each([...adminRoutes, ...serviceRoutes])(
    '%s %s: 401 without a token, with a challenge',
    async (method, path, body) => {
      const answer = await server.call(method, path, { body });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ code: 'not_authenticated', status: 401 });
    },
  );

  it.each([...adminRoutes, ...serviceRoutes])('%s %s: 403 with the token of a user', async (method, path, body) => {
    const answer = await server.call(method, path, { as: server.tokens.user, body });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'forbidden' });
  });

  it.each(adminRoutes)('%s %s: 403 with the token of a service', async (method, path, body) => {
    expect((await server.call(method, path, { as: server.tokens.service, body })).status).toBe(403);
  });

  it.each([...adminRoutes, ...serviceRoutes])('%s %s: passes an admin', async (method, path, body) => {
    expect((await server.call(method, path, { as: server.tokens.admin, body })).status).toBeLessThan(300);
  });

  it.each(serviceRoutes)('%s %s: passes a service', async (method, path, body) => {
    expect((await server.call(method, path, { as: server.tokens.service, body })).status).toBeLessThan(300);
  });

  it.each(['Basic dXNlcjpwYXNzd29yZA==', 'Bearer', 'Bearer a b', 'Bearer nonsense', `Bearer ${SECRET}`])(
    'refuses the header %s',
    async (authorization) => {
      const answer = await server.call('GET', '/websocket/rooms', { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(await answer.json()).toMatchObject({
        code: 'unauthenticated',
        detail: expect.not.stringContaining(authorization.slice(7) || SECRET),
      });
    },
  );

  it('takes no token from a query or a cookie', async () => {
    const { admin } = server.tokens;
    expect((await server.call('GET', `/websocket/rooms?token=${admin}&access_token=${admin}`)).status).toBe(401);
    expect(
      (
        await server.call('GET', '/websocket/rooms', {
          headers: { cookie: `falcon_auth_token=${admin}; token=${admin}` },
        })
      ).status,
    ).toBe(401);
  });

  it('takes no ticket where a token belongs', async () => {
    const { ticket } = await fieldsOf(await server.call('POST', '/v1/tickets', { as: server.tokens.admin }));
    const answer = await server.call('GET', '/websocket/rooms', { as: String(ticket) });
    expect(answer.status).toBe(401);
  });

  it.each(['/healthz', '/readyz', '/websocket/status', '/openapi.json'])('GET %s is public', async (path) => {
    expect((await server.call('GET', path)).status).toBe(200);
  });
});

describe('sessions', () => {
  it('refuses a token once it is revoked by jti, by subject, or by time of issue', async () => {
    for (const [user, body] of [
      ['eve', (claims: { jti: string }) => ({ jti: claims.jti })],
      ['mallory', () => ({ subject: 'mallory' })],
      ['trudy', (claims: { iat: number }) => ({ subject: 'trudy', issued_before: claims.iat + 1 })],
    ] as const) {
      const token = await server.tokenFor(user, 'admin');
      expect((await server.call('GET', '/websocket/rooms', { as: token })).status).toBe(200);
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      expect(
        (await server.call('POST', '/v1/tokens/revoke', { as: server.tokens.admin, body: body(claims) })).status,
      ).toBe(204);
      const answer = await server.call('GET', '/websocket/rooms', { as: token });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'token_revoked' });
    }
  });

  it.each([
    {},
    { jti: '' },
    { jti: 'a', subject: 'b' },
    { issued_before: 5 },
    { subject: 'a', issued_before: 'yesterday' },
    { sub: 'a' },
  ])('refuses the revocation %j', async (body) => {
    expect((await server.call('POST', '/v1/tokens/revoke', { as: server.tokens.admin, body })).status).toBe(400);
  });

  it('gives any user a ticket', async () => {
    const answer = await server.call('POST', '/v1/tickets', { as: server.tokens.user });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({ ticket: expect.stringMatching(/^tkt_/), expires_in: 30 });
    expect((await server.call('POST', '/v1/tickets')).status).toBe(401);
  });

  it('gives one user a hundred of them in half a minute, and another its own', async () => {
    await using server = await startApi();
    const ask = (as: string) => server.call('POST', '/v1/tickets', { as });
    const statuses = await Promise.all(Array.from({ length: 101 }, async () => (await ask(server.tokens.user)).status));
    expect(statuses.filter((status) => status === 201)).toHaveLength(100);
    const refused = await ask(server.tokens.user);
    expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'rate_limited' }]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(server.tokens.admin)).status).toBe(201);
  });
});

describe('every path', () => {
  it('that does not exist answers 404 as a problem', async () => {
    const answer = await server.call('GET', '/nothing/here');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'not_found' });
  });

  it.each(['/v1/rooms/%zz/events', '/v1/rooms/%c3%28/events'])(
    'in bad encoding answers 400 or 404 as a problem: %s',
    async (path) => {
      const answer = await server.call('GET', path, { as: server.tokens.admin });
      expect([400, 404]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    },
  );

  it.each([
    ['POST', '/v1/users/ann/disconnect', 204],
    ['POST', '/v1/tickets', 201],
    ['DELETE', '/v1/rooms/lobby%3Ahall', 204],
    ['DELETE', '/v1/relations?object=booking%3A1&relation=owner&user=ann', 200],
    ['POST', '/v1/tokens/revoke', 400],
  ])('takes no body for none, whatever type is named for it: %s %s', async (method, path, status) => {
    const headers = { authorization: `Bearer ${server.tokens.admin}`, 'content-type': 'application/json' };
    expect((await fetch(`${server.url}${path}`, { method, headers })).status).toBe(status);
    expect((await fetch(`${server.url}${path}`, { method, headers, body: '' })).status).toBe(status);
  });

  it('says what a path takes to OPTIONS that are no preflight', async () => {
    const answer = await fetch(`${server.url}/v1/relations`, { method: 'OPTIONS' });
    expect({ status: answer.status, allow: answer.headers.get('allow') }).toEqual({
      status: 405,
      allow: 'PUT, DELETE, GET, HEAD',
    });
  });

  it('allows the configured origins and no others', async () => {
    const preflight = (origin: string) =>
      fetch(`${server.url}/v1/relations`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' },
      });
    expect((await preflight('https://app.example')).headers.get('access-control-allow-origin')).toBe(
      'https://app.example',
    );
    for (const origin of [
      'https://evil.example',
      'https://app.example.evil.io',
      'http://app.example',
      'https://app.example:8443',
      'null',
      'http://localhost:5173',
    ]) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('carries security headers', async () => {
    const { headers } = await server.call('GET', '/healthz');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('strict-transport-security')).toMatch(/max-age/);
    expect(headers.get('content-security-policy')).toContain(`connect-src 'self' ws://${new URL(server.url).host}`);
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('a body in another encoding', () => {
  const path = '/v1/rooms/lobby%3Aencoded/events';
  const json = '{"type":"message","data":{"text":"é"}}';
  const cases: readonly (readonly [string, Record<string, string>, Buffer, number])[] = [
    ['in Latin-1', {}, Buffer.from(json, 'latin1'), 400],
    ['in UTF-16', { 'content-type': 'application/json; charset=utf-16' }, Buffer.from(json, 'utf16le'), 400],
    [
      'that is cut within a character',
      {},
      Buffer.from([...Buffer.from('{"type":"message","data":"'), 0xc3, 0x22, 0x7d]),
      400,
    ],
    ['packed', { 'content-encoding': 'gzip' }, gzipSync(json), 415],
    ['said to be packed', { 'content-encoding': 'br' }, Buffer.from(json), 415],
  ];
  it.each(cases)('%s is refused by a problem document, and nothing is published', async (_, headers, body, status) => {
    const answer = await fetch(server.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.tokens.admin}`, 'content-type': 'application/json', ...headers },
      body,
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await fieldsOf(await server.call('GET', path, { as: server.tokens.admin }))).toMatchObject({ events: [] });
  });
});
