import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { freePort, type RedisServer, type SpawnedServer, startRedis, startSentinelTopology } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { records, runCli, SECRET } from './run-cli.js';
import { startServer } from './server.js';

interface Report {
  readonly faults: number;
  readonly findings: readonly {
    readonly check: string;
    readonly status: string;
    readonly found: string;
    readonly fix: string;
  }[];
}

let server: SpawnedServer;
let redis: RedisServer;
beforeAll(async () => {
  [server, redis] = await Promise.all([startServer(), startRedis({ appendonly: true })]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

async function examine(env: Readonly<Record<string, string>>, prelude?: string) {
  const healthy = { NODE_ENV: 'production', JWT_SECRET: SECRET, TRUNKLINE_URL: server.url, REDIS_URL: redis.url };
  const result = await runCli(['doctor', '--json'], { env: { ...healthy, ...env }, ...(prelude ? { prelude } : {}) });
  const [report] = records(result.stdout) as [Report];
  return { code: result.code, report };
}

async function token(args: readonly string[] = [], secret = SECRET): Promise<string> {
  const { stdout } = await runCli(['token', '--user', 'ann', ...args], { env: { JWT_SECRET: secret } });
  return stdout.trim();
}

test('finds nothing to fix where nothing is wrong', async () => {
  const { code, report } = await examine({ TRUNKLINE_TOKEN: await token() });
  expect(report.findings.filter(({ status }) => status === 'fault')).toEqual([]);
  expect({ code, faults: report.faults }).toEqual({ code: 0, faults: 0 });
  expect(report.findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['configuration', 'redis eviction', 'clock', 'upgrade', 'token at the server']),
  );
});

/** Runs the doctor with one fault planted; it must find that one, with its cure, and end with 1. */
async function expectFault(check: string, cure: RegExp, env: Readonly<Record<string, string>>, prelude?: string) {
  const { code, report } = await examine(env, prelude);
  const faults = report.findings.filter(({ status }) => status === 'fault');
  expect({ code, faults }).toEqual({
    code: 1,
    faults: [expect.objectContaining({ check, fix: expect.stringMatching(cure) })],
  });
}

test('fault 1: a variable that the server refuses', () => expectFault('configuration', /variable/, { PORT: 'many' }));

test('fault 2: accounts that can not be read', () =>
  expectFault('users', /Correct \/nowhere/, { USERS_FILE: '/nowhere/users.json' }));

test('fault 3: a Redis that is not there', async () =>
  expectFault('redis', /Start Redis/, { REDIS_URL: `redis://127.0.0.1:${await freePort()}` }));

test('fault 4: a password that Redis refuses', async () => {
  await using guarded = await startRedis({ appendonly: true, args: ['--requirepass', 'right'], password: 'right' });
  await expectFault('redis', /password/, { REDIS_URL: `redis://:wrong@127.0.0.1:${guarded.port}` });
});

test('fault 5: a Redis that evicts', async () => {
  await using evicting = await startRedis({ appendonly: true, args: ['--maxmemory-policy', 'allkeys-lru'] });
  await expectFault('redis eviction', /noeviction/, { REDIS_URL: evicting.url });
});

test('fault 6: a Redis that forgets', async () => {
  await using forgetting = await startRedis();
  await expectFault('redis persistence', /appendonly yes/, { REDIS_URL: forgetting.url });
});

test('fault 7: no server at the URL', async () =>
  expectFault('server', /trunkline serve/, { TRUNKLINE_URL: `127.0.0.1:${await freePort()}` }));

test('fault 8: a clock that is wrong', async () => {
  await using proxy = await startProxy((headers) => ({
    ...headers,
    date: new Date(Date.now() - 60_000).toUTCString(),
  }));
  await expectFault('clock', /NTP/, { TRUNKLINE_URL: proxy.url });
});

test('fault 9: a limit of open files that holds few connections', () =>
  expectFault('descriptors', /ulimit -n/, {}, 'ulimit -n 512'));

test('fault 10: a proxy that drops the Upgrade header', async () => {
  await using proxy = await startProxy((headers) => headers, { dropsUpgrade: true });
  await expectFault('upgrade', /proxy_set_header Upgrade/, { TRUNKLINE_URL: proxy.url });
});

test('fault 11: a token that has ended', async () => {
  const ended = await token(['--ttl', '1s']);
  await expect.poll(() => Date.now() / 1_000 - expiryOf(ended), { timeout: 5_000 }).toBeGreaterThan(0);
  await expectFault('token', /new one/, { TRUNKLINE_TOKEN: ended });
});

test('fault 12: a token that another secret signed', async () => {
  const { code, report } = await examine({ TRUNKLINE_TOKEN: await token([], 'another-secret-of-at-least-32-bytes-x') });
  const faults = report.findings.filter(({ status }) => status === 'fault').map(({ check }) => check);
  expect({ code, faults }).toEqual({ code: 1, faults: ['token signature', 'token at the server'] });
});

test('fault 13: a Redis that is too old', async () => {
  const info = 'redis_version:5.0.14\r\nrole:master\r\nloading:0\r\n';
  await using old = await startFakeRedis((word) => (word === 'info' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n'));
  await expectFault('redis version', /Upgrade Redis/, { REDIS_URL: old.url });
});

test('fault 14: a Redis that only copies another', async () => {
  await using replica = await startRedis({ appendonly: true, args: ['--replicaof', '127.0.0.1', String(redis.port)] });
  await expectFault('redis role', /master/, { REDIS_URL: replica.url });
});

test('fault 15: sentinels that are not there, or know no such master', async () => {
  await using topology = await startSentinelTopology({ replicas: 0, sentinels: 1 });
  const nowhere = `redis+sentinel://127.0.0.1:${await freePort()}/trunk`;
  for (const REDIS_URL of [nowhere, topology.url.replace(/trunk$/, 'another')])
    await expectFault('redis', /sentinels/, { REDIS_URL });
});

test('looks at the master behind sentinels', async () => {
  await using topology = await startSentinelTopology({ replicas: 1, sentinels: 1 });
  const { code, report } = await examine({ REDIS_URL: topology.url });
  expect(report.findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ check: 'redis role', status: 'ok', found: 'master' }),
      expect.objectContaining({ check: 'redis persistence', status: 'ok' }),
    ]),
  );
  expect({ code, faults: report.faults }).toEqual({ code: 0, faults: 0 });
});

test('people get a line for each finding and the cure below it', async () => {
  const { stdout } = await runCli(['doctor', '--url', server.url], { env: { PORT: 'many' } });
  expect(stdout).toMatch(/^✗ configuration: PORT: must be .*\n {2}→ /);
});

function expiryOf(jwt: string): number {
  const claims: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  return Number(Reflect.get(Object(claims), 'exp'));
}

test.each([
  ['none', ['resetchannels'], /needs &trunkline:\*, and &booking:status/],
  ['ours alone', ['resetchannels', '&trunkline:*'], /needs &booking:status &support:message &technician:location/],
  ['another prefix', ['resetchannels', '&other:*'], /needs &trunkline:\*/],
  ['to publish', ['&*', '-publish'], /needs \+publish/],
  ['to subscribe', ['&*', '-subscribe'], /needs \+subscribe/],
])('fault 16: a Redis user that may use channels: %s', async (_, rules, found) => {
  await using guarded = await startRedis({ appendonly: true });
  await guarded.command('ACL', 'SETUSER', 'node', 'on', '>secret', '~*', '+@all', ...rules);
  const { code, report } = await examine({ REDIS_URL: `redis://node:secret@127.0.0.1:${guarded.port}` });
  expect({ code, faults: report.findings.filter(({ status }) => status === 'fault') }).toEqual({
    code: 1,
    faults: [
      expect.objectContaining({
        check: 'redis channels',
        found: expect.stringMatching(found),
        fix: expect.stringContaining('ACL SETUSER'),
      }),
    ],
  });
});

test('fault 17: a database that Redis does not have', () =>
  expectFault('redis', /database in REDIS_URL/, { REDIS_URL: `${redis.url}/99` }));

test('finds all that the guide says of a Redis user to be enough', async () => {
  const guide = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const [, rules = ''] = /^ACL SETUSER trunkline (.*)$/m.exec(guide) ?? [];
  await using guarded = await startRedis({ appendonly: true });
  await guarded.command('ACL', 'SETUSER', 'trunkline', ...rules.split(' '));
  const { code, report } = await examine({ REDIS_URL: `redis://trunkline:password@127.0.0.1:${guarded.port}` });
  expect({ code, faults: report.faults }).toEqual({ code: 0, faults: 0 });
  expect(report.findings).toContainEqual(expect.objectContaining({ check: 'redis channels', status: 'ok' }));
});

/** Answers each command by its name alone. */
async function startFakeRedis(answerTo: (word: string) => string): Promise<AsyncDisposable & { readonly url: string }> {
  const fake = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const words = String(chunk).match(/(?<=\*\d+\r\n\$\d+\r\n)\w+/g) ?? [];
      for (const word of words) socket.write(answerTo(word.toLowerCase()));
    });
  });
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  const { port } = fake.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => fake.close(() => resolve())),
  };
}

/** A reverse proxy before the server that changes response headers, and may not know WebSockets. */
async function startProxy(
  change: (headers: Record<string, string | string[] | undefined>) => Record<string, string | string[] | undefined>,
  { dropsUpgrade = false } = {},
): Promise<AsyncDisposable & { readonly url: string }> {
  const proxy: Server = createServer((incoming, outgoing) => {
    const { upgrade: _upgrade, connection: _connection, ...headers } = incoming.headers;
    const forwarded = request(
      new URL(incoming.url ?? '/', server.url),
      { method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, change(answer.headers));
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(forwarded);
  });
  if (!dropsUpgrade)
    proxy.on('upgrade', (incoming, socket) => {
      const forwarded = request(new URL(incoming.url ?? '/', server.url), { headers: incoming.headers });
      forwarded.on('upgrade', (answer, upstream) => {
        const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
        upstream.pipe(socket).pipe(upstream);
        upstream.on('error', () => socket.destroy());
        socket.on('error', () => upstream.destroy());
      });
      forwarded.end();
    });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
