import { builtInContract } from '@trunkline/protocol/contract';
import { describe, expect, it } from 'vitest';
import { readUsersFile } from '../src/accounts/users-file.js';
import { ConfigurationError } from '../src/config/configuration-error.js';
import { loadContract } from '../src/config/contract-file.js';
import { VARIABLES } from '../src/config/environment.js';
import { readConfiguration } from '../src/config/read-configuration.js';
import { temporaryDirectory } from './temporary-directory.js';

const SECRET = 'Kq3v9ZtP0x7mW2sB8yR5nL1cJ6hD4fGa';
const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };
const redis = { REDIS_URL: 'redis://127.0.0.1:6379' };

function refusal(variables: NodeJS.ProcessEnv): string {
  try {
    readConfiguration(variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('defaults', () => {
  it('are DESIGN.md’s in development', () => {
    const configuration = readConfiguration({});
    expect(configuration).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 8_080,
      listeners: [],
      allowedOrigins: [],
      heartbeat: {},
      presenceLeaseMs: 10_000,
      drain: { windowMs: 5_000, deadlineMs: 25_000 },
      readyWhenDegraded: true,
      trustedProxies: [],
      workers: 1,
      log: { level: 'info', format: 'pretty' },
      limits: {
        actionTimeoutMs: 30_000,
        authorisationStaleMs: 60_000,
        connectionsPerAddress: 1_000,
        connectionsPerUser: 50,
        dedupeWindowMs: 600_000,
        helloTimeoutMs: 5_000,
        historySize: 1_000,
        historyTtlMs: 86_400_000,
        maxMessageBytes: 1_048_576,
        maxQueueBytes: 1_048_576,
        messageBurst: 500,
        messagesPerSecond: 200,
        roomsPerConnection: 200,
        unacked: 1_000,
      },
    });
    expect(configuration.keys.secret).toHaveLength(64);
    expect(readConfiguration({}).keys.secret).not.toBe(configuration.keys.secret);
  });

  it('listen to every address and log JSON in production', () => {
    expect(readConfiguration(production)).toMatchObject({ production: true, host: '0.0.0.0', log: { format: 'json' } });
  });

  it('hold for empty variables, as compose files leave them', () => {
    expect(readConfiguration({ ...Object.fromEntries(VARIABLES.map((name) => [name, ' '])) })).toMatchObject({
      port: 8_080,
      workers: 1,
    });
  });

  it('use Redis under the prefix trunkline', () => {
    expect(readConfiguration(redis).redis).toEqual({ url: redis.REDIS_URL, prefix: 'trunkline' });
  });
});

describe('values', () => {
  it('are read', () => {
    const read = readConfiguration({
      ...production,
      ...redis,
      PORT: '9000',
      HOST: '127.0.0.1',
      LISTEN: '8000=shipvox, 5000=booking,8082=secureconnect',
      REDIS_PREFIX: 'x:y',
      ALLOWED_ORIGINS: 'https://a.example, https://b.example:8443',
      TRUSTED_PROXIES: '10.0.0.0/8,::1',
      WORKERS: 'auto',
      READY_WHEN_DEGRADED: 'false',
      HEARTBEAT_INTERVAL_MS: '1000',
      ACTIONS_URL: 'http://127.0.0.1/a',
      LOG_LEVEL: 'warn',
      RATE_LIMIT_MESSAGES_PER_SECOND: '10',
      DRAIN_DEADLINE_MS: '2000',
    });
    expect(read).toMatchObject({
      port: 9_000,
      host: '127.0.0.1',
      listeners: [
        { port: 8_000, dialect: 'shipvox' },
        { port: 5_000, dialect: 'booking' },
        { port: 8_082, dialect: 'secureconnect' },
      ],
      redis: { prefix: 'x:y' },
      allowedOrigins: ['https://a.example', 'https://b.example:8443'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      readyWhenDegraded: false,
      heartbeat: { intervalMs: 1_000 },
      log: { level: 'warn' },
      limits: { messagesPerSecond: 10, messageBurst: 25 },
      drain: { windowMs: 2_000, deadlineMs: 2_000 },
    });
    expect(read.workers).toBeGreaterThanOrEqual(1);
    expect(read.heartbeat.timeoutMs).toBeUndefined();
    expect(read.actions?.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(read.actions?.secret).not.toBe(read.sessionSecret);
  });

  it('take a public key with written line ends', () => {
    const keys = readConfiguration({
      NODE_ENV: 'production',
      JWT_PUBLIC_KEY: '-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----',
    }).keys;
    expect(keys.publicKey).toBe('-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----');
    expect(keys.secret).toBeUndefined();
  });
});

describe('a bad value is refused by one line that names the variable', () => {
  it('and says of a Redis Cluster that it is not supported yet', () => {
    expect(refusal({ REDIS_URL: 'redis+cluster://127.0.0.1:7000' })).toBe(
      'REDIS_URL: names a cluster, which is not supported yet: use redis:// or redis+sentinel://.',
    );
  });

  const numbers = VARIABLES.filter((name) => /_MS$|_BYTES$|^MAX_|_SIZE$|_SECOND$|^PORT$|^WORKERS$/.test(name));

  it.each(
    numbers.flatMap((name) => ['-1', 'x', '1.5', '1e9', '99999999999999999999', '٣'].map((value) => [name, value])),
  )('%s=%s', (name = '', value = '') => {
    expect(refusal({ ...redis, [name]: value })).toMatch(new RegExp(`^${name}: must be .+\\.$`));
  });

  it.each([
    ['ACTIONS_SECRET', 'short'],
    ['ACTION_TIMEOUT_MS', '600001'],
    ['ACTIONS_URL', 'ftp://127.0.0.1'],
    ['ACTIONS_URL', 'https://user:hunter2@actions.example'],
    ['ALLOWED_ORIGINS', 'https://*.app.example'],
    ['ALLOWED_ORIGINS', 'https://app.example/path'],
    ['ALLOWED_ORIGINS', 'app.example'],
    ['ALLOWED_ORIGINS', 'https://APP.example'],
    ['ALLOWED_ORIGINS', 'null'],
    ['DIRECTORY_URL', 'not a url'],
    ['DIRECTORY_URL', 'https://user@relations.example'],
    ['JWT_JWKS_URL', 'https://user:hunter2@keys.example'],
    ['JWT_JWKS_URL', 'keys.json'],
    ['JWT_JWKS_URL', 'http://keys.example/jwks'],
    ['JWT_PUBLIC_KEY', '/no/such/file.pem'],
    ['JWT_SECRET', 'short'],
    ['JWT_SECRET', 'change-me-change-me-change-me-change-me'],
    ['JWT_SECRET', 'a-string-secret-at-least-256-bits-long'],
    ['LISTEN', '8000'],
    ['LISTEN', '8000=nobody'],
    ['LISTEN', '80000=shipvox'],
    ['LISTEN', '8000=shipvox,8000=booking'],
    ['LISTEN', '8080=shipvox'],
    ['LOG_FORMAT', 'xml'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'staging'],
    ['READY_WHEN_DEGRADED', 'maybe'],
    ['REDIS_PREFIX', 'a{b}'],
    ['REDIS_URL', 'http://127.0.0.1'],
    ['REDIS_URL', '127.0.0.1:6379'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '0.0.0.0/0'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['WORKERS', '0'],
  ])('%s=%s', (name, value) => {
    const line = refusal({ [name]: value });
    expect(line.split('\n')).toHaveLength(1);
    expect(line.startsWith(`${name}: `)).toBe(true);
    if (name === 'JWT_SECRET') expect(line).not.toContain(value);
    expect(line).not.toContain('hunter2');
  });
});

describe('contradictions', () => {
  it.each([
    ['JWT_PUBLIC_KEY', { JWT_JWKS_URL: 'https://keys.example', JWT_PUBLIC_KEY: '-----BEGIN' }],
    ['WORKERS', { WORKERS: '2' }],
    ['WORKERS', { WORKERS: 'auto' }],
    ['DRAIN_WINDOW_MS', { DRAIN_WINDOW_MS: '3000', DRAIN_DEADLINE_MS: '2000' }],
    ['ACTIONS_SECRET', { ACTIONS_SECRET: 'a long enough secret' }],
    ['JWT_SECRET', { NODE_ENV: 'production' }],
    ['ALLOWED_ORIGINS', { ...production, ALLOWED_ORIGINS: '*' }],
    ['USERS_FILE', { NODE_ENV: 'production', JWT_JWKS_URL: 'https://keys.example', USERS_FILE: 'users.json' }],
    [
      'ACTIONS_SECRET',
      { NODE_ENV: 'production', JWT_JWKS_URL: 'https://keys.example', ACTIONS_URL: 'https://a.example' },
    ],
  ])('name %s in %j', (name, variables) => {
    expect(refusal(variables)).toMatch(new RegExp(`^${name}: `));
  });
});

describe('files', () => {
  async function withFile<T>(name: string, text: string, use: (path: string) => Promise<T>): Promise<T> {
    await using directory = await temporaryDirectory();
    return await use(await directory.write(name, text));
  }
  const hash = '$2b$04$abcdefghijklmnopqrstuuYc0tjGQBgqsXEyFpBXWjKkM8ks5nVHC';

  it('hold accounts, as a list or under users', async () => {
    const user = { id: 'u1', name: 'ann', hash, roles: ['admin'], company_id: 'c1' };
    expect(await withFile('users.json', JSON.stringify({ users: [user] }), readUsersFile)).toEqual([user]);
    expect(await withFile('users.json', JSON.stringify([user]), readUsersFile)).toEqual([user]);
  });

  it.each([
    '',
    '{',
    '{}',
    '{"users":[{"id":"u1","name":"ann","hash":"plain"}]}',
    `{"users":[{"id":"u1","hash":"${hash}"}]}`,
    `[{"id":"1","name":"a","hash":"${hash}"},{"id":"2","name":"a","hash":"${hash}"}]`,
  ])('with bad accounts are refused naming USERS_FILE: %s', async (text) => {
    await expect(withFile('users.json', text, readUsersFile)).rejects.toThrow(/^USERS_FILE: [^\n]+$/);
  });

  it('that can not be read are named by their variable', async () => {
    await expect(readUsersFile('/no/such/users.json')).rejects.toThrow(/^USERS_FILE: /);
    await expect(loadContract('/no/such/contract.js')).rejects.toThrow(/^CONTRACT_FILE: [^\n]+$/);
  });

  it('give the contract, by default the built-in one', async () => {
    expect(await loadContract(undefined)).toBe(builtInContract);
    for (const name of ['default ', 'const contract = ']) {
      const contract = await withFile(
        'contract.mjs',
        `export ${name}{ rooms: {}, actions: {}, calls: {} };`,
        loadContract,
      );
      expect(contract).toMatchObject({ rooms: {} });
    }
    for (const [text, flaw] of [
      ['{ rooms: { "Bad kind": { join: [], events: {} } }, actions: {}, calls: {} }', /rooms/],
      ['{ rooms: { a: {} }, actions: {}, calls: {} }', /rooms\.a\.join/],
      ['{ rooms: { a: { join: 5, events: {} } }, actions: {}, calls: {} }', /rooms\.a\.join/],
      [
        '{ rooms: { a: { join: [], events: { e: { durable: true, publish: [] } } } }, actions: {}, calls: {} }',
        /no schema/,
      ],
      ['{ rooms: {}, actions: { x: 1 }, calls: {} }', /actions\.x/],
    ] as const) {
      const refused = withFile('contract.mjs', `export default ${text};`, loadContract);
      await expect(refused).rejects.toThrow(/^CONTRACT_FILE: [^\n]+defineContract\.$/);
      await expect(refused).rejects.toThrow(flaw);
    }
    await expect(withFile('contract.mjs', 'export default 7;', loadContract)).rejects.toThrow(
      /^CONTRACT_FILE: must export/,
    );
  });
});
