import { performance } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { usersFileSchema } from '../src/accounts/account.js';
import { createLoginLimiter } from '../src/accounts/login-limiter.js';
import { fieldsOf, HASH, startApi } from './start-api.js';

const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });

it('POST /token exchanges name and password for a bearer token of 30 minutes', async () => {
  await using server = await startApi();
  const answer = await fetch(`${server.url}/token`, form({ username: 'ann', password: 'password' }));
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const body = await fieldsOf(answer);
  expect(body).toEqual({ access_token: expect.stringMatching(/^eyJ/), token_type: 'bearer', expires_in: 1_800 });
  expect(await server.hub.authenticate(String(body.access_token))).toMatchObject({
    userId: 'u1',
    roles: ['admin'],
    companyId: 'c1',
  });
});

it('POST /token answers a wrong password and an unknown user alike, in the words of OAuth2', async () => {
  await using server = await startApi();
  for (const username of ['ann', 'nobody', '__proto__']) {
    const answer = await fetch(`${server.url}/token`, form({ username, password: 'wrong' }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toEqual({
      error: 'invalid_grant',
      error_description: 'The name or the password is wrong.',
    });
  }
});

it.each([
  [{}, 'invalid_request'],
  [{ username: 'ann' }, 'invalid_request'],
  [{ username: 'ann', password: 'password', grant_type: 'client_credentials' }, 'unsupported_grant_type'],
])('POST /token refuses %j with %s', async (fields: Record<string, string>, error) => {
  await using server = await startApi();
  const answer = await fetch(`${server.url}/token`, form(fields));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error });
});

it('POST /token takes a form and nothing else, and no other method', async () => {
  await using server = await startApi();
  expect(
    (await fetch(`${server.url}/token`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }))
      .status,
  ).toBe(415);
  expect((await fetch(`${server.url}/token`)).status).toBe(405);
  expect((await fetch(`${server.url}/token`, form({ username: 'x'.repeat(10_000), password: 'y' }))).status).toBe(413);
});

it('POST /api/v2/auth/login answers the token and the user', async () => {
  await using server = await startApi();
  const answer = await server.call('POST', '/api/v2/auth/login', { body: { phone: '+1', password: 'password' } });
  expect(answer.status).toBe(200);
  const body = await fieldsOf(answer);
  expect(body).toMatchObject({ token_type: 'bearer', expires_in: 1_800, user: { id: 'u1', phone: '+1' } });
  expect(body.token).toBe(body.access_token);
  const wrong = await server.call('POST', '/api/v2/auth/login', { body: { phone: '+1', password: 'wrong' } });
  expect(wrong.status).toBe(401);
  expect(wrong.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect((await server.call('POST', '/api/v2/auth/login', { body: { phone: 7, password: 'x' } })).status).toBe(400);
});

it.each(['$2a$', '$2b$', '$2y$'])('knows a password by a hash that begins with %s', async (version) => {
  const accounts = usersFileSchema.parse({ users: [{ id: 'u1', name: 'ann', hash: version + HASH.slice(4) }] });
  await using server = await startApi({ accounts });
  expect((await fetch(`${server.url}/token`, form({ username: 'ann', password: 'password' }))).status).toBe(200);
});

it('refuses a password beyond 72 bytes although bcrypt would cut it', async () => {
  const long = '$2b$04$Y8VvI7pYAMFl8gcJOWTFJuB7k0W8h0m1jEIs3w6kX1lq8fNdM0n2K';
  await using server = await startApi({
    accounts: [
      { id: 'u1', name: 'ann', hash: HASH },
      { id: 'u2', name: 'bob', hash: long },
    ],
  });
  const answer = await fetch(`${server.url}/token`, form({ username: 'ann', password: `password${'\0'.repeat(70)}` }));
  expect(answer.status).toBe(401);
});

it('limits guesses at one account, and says when to try again (S39)', async () => {
  await using server = await startApi();
  const statuses: number[] = [];
  for (let n = 0; n < 20; n++)
    statuses.push((await fetch(`${server.url}/token`, form({ username: 'ann', password: `wrong${n}` }))).status);
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
  expect(statuses.slice(10)).toEqual(Array(10).fill(429));
  const right = await fetch(`${server.url}/token`, form({ username: 'ann', password: 'password' }));
  expect(right.status).toBe(429);
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
});

it('limits guesses at one account over all its names (S39)', async () => {
  await using server = await startApi();
  for (let n = 0; n < 10; n++) await fetch(`${server.url}/token`, form({ username: 'ann', password: `wrong${n}` }));
  const answer = await server.call('POST', '/api/v2/auth/login', { body: { phone: '+1', password: 'wrong' } });
  expect(answer.status).toBe(429);
});

it('limits guesses by address over many accounts (S39)', async () => {
  await using server = await startApi();
  const answers = await Promise.all(
    Array.from({ length: 120 }, (_, n) =>
      fetch(`${server.url}/token`, form({ username: `user${n}`, password: 'x'.repeat(80) })),
    ),
  );
  expect(answers.filter((answer) => answer.status === 429).length).toBeGreaterThanOrEqual(20);
});

it('counts guesses by what one subscriber has: an address of IPv4, a /64 of IPv6 (S39)', async () => {
  const limiter = createLoginLimiter();
  const refused = async (addressOf: (n: number) => string) => {
    const tries = Array.from({ length: 120 }, (_, n) => limiter.attempt(`${addressOf(n)} ${n}`, addressOf(n)));
    return (await Promise.allSettled(tries)).filter(({ status }) => status === 'rejected').length;
  };
  expect(await refused((n) => `2001:db8:0:1::${n + 1}`)).toBe(20);
  expect(await refused((n) => (n % 2 ? '192.0.2.1' : '::ffff:192.0.2.1'))).toBe(20);
  expect(await refused((n) => `::ffff:198.51.100.${n}`)).toBe(0);
});

it('reads no name that is longer than a form may be', async () => {
  await using server = await startApi();
  const answer = await server.call('POST', '/token', { body: { username: 'x'.repeat(5_000), password: 'x' } });
  expect(answer.status).toBe(413);
});

it('forgets wrong guesses after a right one', async () => {
  await using server = await startApi();
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) {
    for (let wrong = 0; wrong < 5; wrong++)
      await fetch(`${server.url}/token`, form({ username: 'ann', password: 'wrong' }));
    statuses.push((await fetch(`${server.url}/token`, form({ username: 'ann', password: 'password' }))).status);
  }
  expect(statuses).toEqual([200, 200, 200]);
});

it('takes as long for an unknown user as for a wrong password (S39)', async () => {
  const strong = '$2b$12$WApznUPhDubN0oeveSXHpOuyOqYyrXvxZ3hfVqz5sZcQGMdPDzFqG';
  await using server = await startApi({ accounts: [{ id: 'u1', name: 'ann', hash: strong }] });
  const time = async (username: string) => {
    const start = performance.now();
    await fetch(`${server.url}/token`, form({ username, password: 'wrong' }));
    return performance.now() - start;
  };
  await time('warm-up');
  const [known, unknown]: [number[], number[]] = [[], []];
  for (let n = 0; n < 3; n++) {
    known.push(await time('ann'));
    unknown.push(await time('nobody'));
  }
  const ratio = Math.min(...unknown) / Math.min(...known);
  expect(ratio).toBeGreaterThan(0.4);
  expect(ratio).toBeLessThan(2.5);
});

it('GET /test-token gives a token without end in development', async () => {
  await using server = await startApi();
  const body = await fieldsOf(await fetch(`${server.url}/test-token`));
  expect(body).toEqual({ access_token: expect.stringMatching(/^eyJ/), token_type: 'bearer' });
  expect(await server.hub.authenticate(String(body.access_token))).toMatchObject({
    userId: 'test-user',
    roles: [],
    expiresAt: null,
  });
});
