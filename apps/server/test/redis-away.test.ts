import { eventually, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { fieldsOf, SECRET } from './start-api.js';
import { startProcess } from './start-process.js';
import { headersFor, isReady, startWholeServer } from './start-server.js';

it('stays ready, degraded, while Redis is away, and answers 202 for what waits', async () => {
  await using redis = await startRedis();
  await using server = await startWholeServer({ REDIS_URL: redis.url });
  await eventually(() => isReady(server.url));
  await redis.kill();
  await eventually(async () => (await fieldsOf(await fetch(`${server.url}/readyz`))).status === 'degraded', {
    timeoutMs: 8_000,
  });
  expect(await isReady(server.url)).toBe(true);
  expect(await fieldsOf(await fetch(`${server.url}/readyz`))).toMatchObject({ reason: expect.any(String) });
  const headers = headersFor(await server.tokenFor('backend', 'service'));
  const publish = (room: string, event: object) =>
    fetch(`${server.url}/v1/rooms/${encodeURIComponent(room)}/events`, {
      method: 'POST',
      headers,
      body: JSON.stringify(event),
    });
  const kept = await publish('booking:1', {
    type: 'status_update',
    data: { bookingId: '1', status: 'x' },
    id: 'order-1',
  });
  expect(kept.status).toBe(202);
  expect(await fieldsOf(kept)).toEqual({ id: expect.any(String), provisional: true });
  const refused = await publish('lobby:a', { type: 'message', data: { text: 'x' } });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await fieldsOf(refused)).toMatchObject({ code: 'unavailable', retryable: true });
});

it('is not ready while degraded where the operator wants that', async () => {
  await using server = await startWholeServer({ REDIS_URL: 'redis://127.0.0.1:1', READY_WHEN_DEGRADED: 'false' });
  const answer = await fetch(`${server.url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await fieldsOf(answer)).toMatchObject({ status: 'degraded' });
});

it('ends with one line that names REDIS_URL when Redis refuses the password', async () => {
  await using redis = await startRedis({ args: ['--requirepass', 'secret'], password: 'secret' });
  for (const url of [`redis://127.0.0.1:${redis.port}`, `redis://:wrong@127.0.0.1:${redis.port}`]) {
    await using server = startProcess({ REDIS_URL: url, LOG_LEVEL: 'silent' });
    const { status, stderr } = await server.ended;
    expect(status).toBe(78);
    expect(stderr).toMatch(/^REDIS_URL: [^\n]*password[^\n]*\n$/);
    expect(stderr).not.toContain('wrong');
  }
});

it('ends with 75 and tells the count when accepted events could not be appended', async () => {
  await using redis = await startRedis();
  await using server = startProcess({ REDIS_URL: redis.url, JWT_SECRET: SECRET });
  const [, url = ''] = await server.printed(/Address: (http:\S+)/);
  const [, token = ''] = await server.printed(/Admin token: (eyJ\S+)/);
  await eventually(() => isReady(url));
  await redis.kill();
  await eventually(async () => (await fieldsOf(await fetch(`${url}/readyz`))).status === 'degraded', {
    timeoutMs: 8_000,
  });
  const body = JSON.stringify({ type: 'status_update', data: { bookingId: '1', status: 'x' } });
  expect(
    (await fetch(`${url}/v1/rooms/booking%3A1/events`, { method: 'POST', headers: headersFor(token), body })).status,
  ).toBe(202);
  server.kill('SIGTERM');
  const { status, stdout } = await server.ended;
  expect(status).toBe(75);
  expect(stdout).toContain('"outbox":1');
});

it('refuses a revoked token on a node that started later, and says 202 while the others can not be told', async () => {
  await using redis = await startRedis();
  const token = await (async () => {
    await using one = await startWholeServer({ REDIS_URL: redis.url });
    await eventually(() => isReady(one.url));
    const headers = headersFor(await one.tokenFor('boss', 'admin'));
    const answer = await fetch(`${one.url}/v1/tokens/revoke`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ subject: 'ann' }),
    });
    expect(answer.status).toBe(204);
    return one.tokenFor('ann', 'admin');
  })();
  await using two = await startWholeServer({ REDIS_URL: redis.url });
  await eventually(() => isReady(two.url));
  expect((await fetch(`${two.url}/websocket/rooms`, { headers: headersFor(token) })).status).toBe(401);
  await redis.kill();
  await eventually(async () => (await fieldsOf(await fetch(`${two.url}/readyz`))).status === 'degraded', {
    timeoutMs: 8_000,
  });
  const headers = headersFor(await two.tokenFor('boss', 'admin'));
  const answer = await fetch(`${two.url}/v1/tokens/revoke`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ subject: 'bob' }),
  });
  expect(answer.status).toBe(202);
  expect(await fieldsOf(answer)).toEqual({ status: 'pending' });
});
