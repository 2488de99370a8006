import { builtInContract } from '@trunkline/protocol/contract';
import { describe, expect, it } from 'vitest';
import { readUsersFile } from '../src/accounts/users-file.js';
import { loadContract } from '../src/config/contract-file.js';
import { VARIABLES } from '../src/config/environment.js';
import { redis, refusal } from './configuration-refusal.js';
import { temporaryDirectory } from './temporary-directory.js';

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
