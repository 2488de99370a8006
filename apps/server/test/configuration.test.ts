import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../src/config/environment.js';
import { readConfiguration } from '../src/config/read-configuration.js';
import { redis, refusal } from './configuration-refusal.js';

const SECRET = 'Kq3v9ZtP0x7mW2sB8yR5nL1cJ6hD4fGa';

const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };

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
