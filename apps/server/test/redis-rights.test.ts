import { readFileSync } from 'node:fs';
import { connectRaw, eventually, startRedis } from '@trunkline/testkit';
import { describe, expect, it as serial } from 'vitest';
import { fieldsOf, SECRET } from './start-api.js';
import { startProcess } from './start-process.js';
import { startWholeServer } from './start-server.js';

/** They wait more than they work. */
const it = serial.concurrent;
const FOREIGN = '&booking:status &support:message &technician:location';
const ALL = ['on', '>secret', '~*', '+@all'];

/** A Redis whose user `trunkline` has these rules. */
async function startGuarded(rules: readonly string[]) {
  const redis = await startRedis();
  const allow = (...more: string[]) => redis.command('ACL', 'SETUSER', 'trunkline', ...more);
  await allow(...rules);
  return {
    allow,
    url: `redis://trunkline:secret@127.0.0.1:${redis.port}`,
    command: redis.command,
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

async function readyzOf(url: string) {
  const answer = await fetch(`${url}/readyz`);
  return { code: answer.status, ...(await fieldsOf(answer)) };
}

describe.concurrent('a Redis user that may not use channels', () => {
  it.each([
    ['none at all', ['resetchannels'], `&trunkline:*, and ${FOREIGN} for the events of other services`],
    ['ours alone', ['resetchannels', '&trunkline:*'], `${FOREIGN} for the events of other services`],
    ['to publish', ['&*', '-publish'], '+publish'],
    ['to subscribe', ['&*', '-subscribe'], '+subscribe'],
  ])('%s: ends the process with one line that names what is missing', async (_, rules, needs) => {
    await using redis = await startGuarded([...ALL, ...rules]);
    await using server = startProcess({ REDIS_URL: redis.url, LOG_LEVEL: 'silent' });
    const { status, stderr } = await server.ended;
    expect({ status, stderr }).toEqual({ status: 78, stderr: expect.stringMatching(/^REDIS_URL: [^\n]*\n$/) });
    expect(stderr).toContain(`(ACL): it needs ${needs}.`);
  });

  it('is told in /readyz when it lost them, until they are back', async () => {
    await using redis = await startGuarded([...ALL, '&*']);
    await using server = await startWholeServer({ REDIS_URL: redis.url });
    const isReady = () =>
      eventually(async () => expect(await readyzOf(server.url)).toEqual({ code: 200, status: 'ok' }));
    const isTold = (code: number, needs: string) =>
      eventually(async () =>
        expect(await readyzOf(server.url)).toMatchObject({ code, reason: expect.stringContaining(needs) }),
      );
    await isReady();
    await redis.allow('resetchannels', '&trunkline:*');
    await isTold(200, `it needs ${FOREIGN}`);
    await redis.allow('resetchannels');
    await isTold(503, 'it needs &trunkline:*');
    await redis.allow('&*');
    await isReady();
  });
});

it.each([
  ['a database that it does not have', '/99', /no database of the number/],
  ['a user without SELECT', '/1', /forbids a command/],
])('ends the process, and writes nowhere else: %s', async (_, path, why) => {
  await using redis = await startGuarded([...ALL, '&*', '-select']);
  const url = path === '/99' ? redis.url.replace('trunkline:secret@', '') : redis.url;
  await using server = startProcess({ REDIS_URL: `${url}${path}`, LOG_LEVEL: 'silent' });
  expect(await server.ended).toMatchObject({ status: 78, stderr: expect.stringMatching(/^REDIS_URL: [^\n]*\n$/) });
  expect((await server.ended).stderr).toMatch(why);
  expect(await redis.command('KEYS', '*')).toEqual([]);
});

it('does everything with the rights that the guide names', async () => {
  const guide = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const [, rules = ''] = /^ACL SETUSER trunkline (.*)$/m.exec(guide) ?? [];
  await using redis = await startGuarded(rules.replace('>password', '>secret').split(' '));
  await using server = await startWholeServer({ REDIS_URL: redis.url, JWT_SECRET: SECRET, NODE_ENV: 'development' });
  await eventually(async () => expect(await readyzOf(server.url)).toEqual({ code: 200, status: 'ok' }));
  const admin = await server.tokenFor('root', 'admin');
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${admin}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  };
  await using ann = await connectRaw({ url: server.socketUrl });
  const { session } = await ann.hello({ token: await server.tokenFor('ann') });
  const relation = { object: 'booking:1', relation: 'owner', user: 'ann' };
  await ask('PUT', '/v1/relations', relation);
  for (const room of ['booking:1', 'lobby:hall']) await ann.join(room);
  const { offset = 0, epoch = '' } = await ann.publish('lobby:hall', 'message', { text: 'hi' });
  expect(await ann.nextOf('event')).toMatchObject({ room: 'lobby:hall', data: { text: 'hi' } });
  ann.send({ type: 'read', id: 'r', room: 'lobby:hall', epoch, offset, kind: 'read' });
  ann.send({ type: 'presence', id: 'p', state: { mood: 'good' } });
  ann.send({ type: 'request', id: 'q', action: 'echo', data: { n: 1 } });
  await ann.nextWhere((frame) => frame.type === 'response' && frame.id === 'q', 'the echo');
  const location = { bookingId: '1', location: { latitude: 1, longitude: 2 } };
  await redis.command('PUBLISH', 'technician:location', JSON.stringify(location));
  expect(await ann.nextOf('event')).toMatchObject({ event: 'location_update' });
  const status = { bookingId: '1', userId: 'ann', status: 'done' };
  await redis.command('PUBLISH', 'booking:status', JSON.stringify(status));
  expect(await ann.nextOf('event')).toMatchObject({ event: 'status_update' });
  await using again = await connectRaw({ url: server.socketUrl });
  await again.hello({ token: await server.tokenFor('ann'), session });
  expect((await ann.closed).code).toBe(4500);
  for (const path of ['/v1/rooms/lobby:hall/events', '/v1/rooms/lobby:hall/presence', '/v1/users/ann/presence'])
    await ask('GET', path);
  for (const path of ['/websocket/connections', '/websocket/rooms', '/v1/relations?object=booking:1'])
    await ask('GET', path);
  await ask('POST', '/websocket/broadcast', { type: 'system_notification', data: { text: 'all' } });
  await ask('DELETE', '/v1/relations', relation);
  await ask('DELETE', '/v1/rooms/lobby:hall');
  await ask('POST', '/v1/tokens/revoke', { jti: 'x' });
  await ask('POST', '/v1/users/ann/disconnect');
  expect((await again.closed).code).toBe(4502);
  await fetch(`${server.url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'user', password: 'wrong' }),
  });
  expect(JSON.stringify(await redis.command('ACL', 'LOG'))).toBe('[]');
});
