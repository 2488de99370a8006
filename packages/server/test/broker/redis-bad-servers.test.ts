import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { eventually, freePort, startFaultProxy, startRedis } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { createRedisBackend } from '../../src/broker/redis/redis-backend.js';
import { parseRedisUrl } from '../../src/broker/redis/redis-url.js';
import { makePublication } from '../../src/testing/index.js';
import { expectDegraded, startNode } from './backends.js';

const ROOM = 'lobby:all';

test('starts degraded with Redis down, and heals without a restart', async () => {
  const port = await freePort();
  await using node = await startNode(`redis://127.0.0.1:${port}`, { startTimeoutMs: 200 });
  await expectDegraded(node, /can not be reached/);
  await using _redis = await startRedis({ port });
  await eventually(() => node.backend.broker.status.state === 'connected');
  expect(await node.backend.broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended' });
});

test('names a missing and a wrong password, never the password itself', async () => {
  await using redis = await startRedis({ password: 'right', args: ['--requirepass', 'right'] });
  await using without = await startNode(`redis://127.0.0.1:${redis.port}`, { startTimeoutMs: 300 });
  await expectDegraded(without, /needs a password/);
  await using wrong = await startNode(`redis://:sesame@127.0.0.1:${redis.port}`, { startTimeoutMs: 300 });
  await expectDegraded(wrong, /refuses the password/);
  expect(wrong.log.join('\n')).not.toContain('sesame');
  await using right = await startNode(redis.url);
  expect(right.backend.broker.status.state).toBe('connected');
});

test('a database that Redis does not have is named, and nothing is kept in another one', async () => {
  await using redis = await startRedis({ args: ['--databases', '2'] });
  await using none = await startNode(`${redis.url}/2`, { startTimeoutMs: 300 });
  await expectDegraded(none, /no database of the number in its URL/);
  await redis.command('ACL', 'SETUSER', 'node', 'on', '>secret', '~*', '&*', '+@all', '-select');
  await using forbidden = await startNode(`redis://node:secret@127.0.0.1:${redis.port}/1`, { startTimeoutMs: 300 });
  await expectDegraded(forbidden, /forbids a command/);
  expect(await redis.command('KEYS', '*')).toEqual([]);
  await redis.command('ACL', 'SETUSER', 'node', '+select');
  await eventually(() => forbidden.backend.broker.status.state === 'connected');
  expect(await redis.command('KEYS', '*')).toEqual([]);
});

test('a full Redis refuses appends without a hole and without an epoch change, and recovers', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const first = await broker.publish(makePublication(ROOM));
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  await expect(broker.publish(makePublication(ROOM))).rejects.toMatchObject({ code: 'unavailable' });
  await expect(broker.publish(makePublication('lobby:fresh'))).rejects.toMatchObject({ code: 'unavailable' });
  await expectDegraded(node, /full/);
  await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  await eventually(() => broker.status.state === 'connected');
  const next = await broker.publish(makePublication(ROOM));
  expect(next).toMatchObject({ offset: 2, epoch: first.status === 'appended' && first.epoch });
  expect(await broker.publish(makePublication('lobby:fresh'))).toMatchObject({ offset: 1 });
});

test('a slow Redis is used while it answers in time, named when it does not, and used again', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { publishDeadlineMs: 1_500 });
  const { broker } = node.backend;
  proxy.delay(250);
  await Promise.all(
    Array.from({ length: 20 }, async () =>
      expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended' }),
    ),
  );
  expect(broker.status.state).toBe('connected');
  proxy.delay(3_000);
  const startedAt = performance.now();
  await expect(broker.publish(makePublication(ROOM))).rejects.toMatchObject({
    code: 'unknown_outcome',
    retrySafe: true,
  });
  expect(performance.now() - startedAt).toBeLessThan(2_500);
  await eventually(() => expect(broker.status.state).toBe('degraded'), { timeoutMs: 15_000 });
  expect(node.log.join('\n')).toMatch(/does not answer|does not hear/);
  proxy.heal();
  await eventually(() => expect(broker.status.state).toBe('connected'), { timeoutMs: 15_000 });
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended' });
}, 40_000);

test('warns about an eviction policy that may drop rooms', async () => {
  await using redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  await using node = await startNode(redis.url);
  expect(node.log.some((line) => line.includes('maxmemory-policy should be noeviction'))).toBe(true);
});

test('a wrong-typed key fails its room only, and heals when it is removed', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  for (const key of ['log', 'meta']) {
    await redis.command('SET', `trunkline:{${ROOM}}:${key}`, 'not ours');
    await expect(broker.publish(makePublication(ROOM))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('wrong type'),
    });
    await expect(broker.read(ROOM, { limit: 1 })).rejects.toMatchObject({ code: 'unavailable' });
    await redis.command('DEL', `trunkline:{${ROOM}}:${key}`);
  }
  expect(await broker.publish(makePublication('lobby:other'))).toMatchObject({ status: 'appended' });
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended', offset: 1 });
  expect(broker.status.state).toBe('connected');
});

test('what is kept under a wrong type is logged with its key, once, and harms nothing else', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker, directory, ledger, presence, revocations, roster } = node.backend;
  const cases: readonly (readonly [key: string, use: () => Promise<unknown>])[] = [
    [`{${ROOM}}:log`, async () => broker.publish(makePublication(ROOM))],
    [`{${ROOM}}:meta`, () => broker.read(ROOM, { limit: 1 })],
    [`{${ROOM}}:present`, () => presence.list(ROOM)],
    [`{${ROOM}}:receipts`, () => ledger.advance({ room: ROOM, epoch: 'e', userId: 'u', kind: 'read', offset: 1 })],
    ['relation-changes', () => directory.change({ object: ROOM, relation: 'r', user: 'u', present: true })],
    ['roster', () => roster.count()],
    ['leases', () => presence.renew()],
  ];
  for (const [name] of cases) await redis.command('SET', `trunkline:${name}`, 'not ours');
  for (const [, use] of cases) await expect(use()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  const lines = node.log.filter((line) => line.includes('Redis refused a command'));
  expect(lines.filter((line) => line.includes('wrong type: remove it'))).toEqual(lines);
  for (const [name] of cases)
    expect(lines.filter((line) => line.includes(`"key":"trunkline:${name}"`)).length, name).toBeLessThan(2);
  expect(lines.length).toBeGreaterThanOrEqual(cases.length - 1);
  expect(await revocations.add({ type: 'disconnect', userId: 'u', at: Date.now() })).toBe(true);
  expect(await broker.publish(makePublication('lobby:other'))).toMatchObject({ status: 'appended' });
  expect(broker.status.state).toBe('connected');
  for (const [name] of cases) await redis.command('DEL', `trunkline:${name}`);
  for (const [, use] of cases) await use();
});

test('a server that is too old is named with its version', async () => {
  const info = 'redis_version:5.0.14\r\nrun_id:abc\r\nrole:master\r\nloading:0\r\n';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const words = String(chunk).match(/(?<=\r\n)(info|client|subscribe|evalsha|script|set|publish)(?=\r\n)/gi) ?? [];
      for (const word of words)
        socket.write(word.toLowerCase() === 'info' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  {
    await using node = await startNode(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      startTimeoutMs: 300,
    });
    await expectDegraded(node, /Redis 5\.0\.14 is too old/);
  }
  server.close();
});

test('junk, oversized and foreign-version messages are ignored and counted', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  await broker.subscribe(ROOM);
  const channel = `trunkline:{${ROOM}}:events`;
  const event = JSON.stringify({ id: 'x', event: 'message', from: { userId: 'u' }, data: 1, timestamp: 1 });
  const wrong = [
    ...[{ id: 1 }, { event: 1 }, { timestamp: '1' }, { from: null }, { from: 'u' }, { from: {} }],
    ...[{ from: { userId: 1 } }, { from: { userId: 'u', connectionId: 1 } }, { from: { service: 1 } }],
  ];
  const junk = [
    '',
    'x',
    '{',
    '1',
    '1X',
    '1E{',
    `2L${'e'}\n1\n${event}`,
    '1L',
    '1Le\n0\n{}',
    `1Le\n-1\n${event}`,
    `1Le\nNaN\n${event}`,
    `1L\n1\n${event}`,
    '1Le\n1\nnull',
    '1Le\n1\n[]',
    '1Le\n1\n{"id":1}',
    '1CC',
    'xE1',
    `1Le\n0\n${event}`,
    `1Le\n1.5\n${event}`,
    `1Le\n${Number.MAX_SAFE_INTEGER + 1}\n${event}`,
    ...wrong.map((change) => `1Le\n1\n${JSON.stringify({ ...JSON.parse(event), ...change })}`),
    `1Le\n1\n${event}\n{"id":1}`,
    `1Le\n1\n${event}\n`,
    `1Le\n1\n\n${event}`,
    `1Le\n${Number.MAX_SAFE_INTEGER}\n${event}\n${event}`,
    `1Le\n1${`\n${event}`.repeat(1_001)}`,
    `1Le\n1${'\n'.repeat(1_000_000)}`,
    `1E"${'x'.repeat(17 * 1_048_576)}"`,
  ];
  for (const message of junk) await redis.command('PUBLISH', channel, message);
  for (const message of ['', '1S{', '1S', '9S{}', 'x', `1S"${'x'.repeat(17 * 1_048_576)}"`])
    await redis.command('PUBLISH', 'trunkline:nodes', message);
  for (const message of ['', 'x y z', '1 a', '1 a b', '1 a 1.5', '1 a 1 1', '2 a 1', `1 ${'n'.repeat(300)} 1`])
    await redis.command('PUBLISH', 'trunkline:canary', message);
  await eventually(() => expect(node.counted.filter((one) => one === 'junk')).toHaveLength(junk.length + 14));
  expect(node.recorder.heard).toEqual([]);
  expect(node.recorder.ephemeral).toEqual([]);
  expect(node.recorder.signals).toEqual([]);
  await broker.publish(makePublication(ROOM));
  await eventually(() => node.recorder.heard.length === 1);
});

describe('the URL', () => {
  test('cluster is refused with a typed error', () => {
    expect(() => createRedisBackend({ url: 'redis+cluster://127.0.0.1:7000' })).toThrow(
      expect.objectContaining({ code: 'not_supported', message: expect.stringContaining('not supported yet') }),
    );
  });

  test.each([
    ...['http://x', 'redis+sentinel://x', 'redis://h/db', 'redis://:bad@[', ''],
    ...['redis://:50%off@h', 'redis://100%er@h', 'redis+sentinel://:50%off@h:1/name', 'redis+sentinel://h:1/na%me'],
    ...['redis://h?db=4', 'redis://h/4?family=6', 'redis://:pass#word@h', 'redis+sentinel://h:1/name?db=4'],
  ])('%j is refused', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: 'invalid_data' }));
  });

  test('single, TLS and Sentinel are read, and labels carry no password', () => {
    expect(parseRedisUrl('redis://h')).toEqual({
      topology: 'single',
      label: 'h:6379',
      options: { host: 'h', port: 6_379 },
    });
    expect(parseRedisUrl('rediss://u:p%40@h:1/2')).toEqual({
      topology: 'single',
      label: 'h:1',
      options: { host: 'h', port: 1, username: 'u', password: 'p@', db: 2, tls: {} },
    });
    expect(parseRedisUrl('redis+sentinel://:p@a:1,b/trunk/3')).toEqual({
      topology: 'sentinel',
      label: 'trunk by a:1,b:26379',
      options: {
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        name: 'trunk',
        password: 'p',
        db: 3,
      },
    });
  });

  test('a prefix that would break hash tags is refused', () => {
    expect(() => createRedisBackend({ url: 'redis://h', prefix: 'a{b}' })).toThrow(
      expect.objectContaining({ code: 'invalid_data' }),
    );
  });
});
