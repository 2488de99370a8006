import { TrunklineError } from '@trunkline/protocol';
import type { RedisOptions } from 'ioredis';

/** Where Redis is, as ioredis wants to hear it. */
export interface RedisTarget {
  readonly topology: 'single' | 'sentinel';
  readonly options: RedisOptions;
  /** Host and port without credentials, for logs. */
  readonly label: string;
}

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS) and
 * `redis+sentinel://[user:password@]host:port,host:port/name[/db]` (the credentials are the data servers').
 *
 * @throws {TrunklineError} `not_supported` for `redis+cluster://`, `invalid_data` for anything else
 */
export function parseRedisUrl(url: string): RedisTarget {
  if (url.startsWith('redis+cluster://')) {
    throw new TrunklineError('not_supported', 'Redis Cluster is not supported yet: use redis:// or redis+sentinel://.');
  }
  if (url.startsWith('redis+sentinel://')) return parseSentinelUrl(url);
  if (!/^rediss?:\/\//.test(url)) throw invalidUrl('it must begin with redis://, rediss:// or redis+sentinel://');
  const parsed = parseUrl(url);
  if (parsed.search !== '' || parsed.hash !== '')
    throw invalidUrl('it takes nothing after ? or #; write the database as /4, and percent-encode the password');
  const port = parsed.port === '' ? 6_379 : Number(parsed.port);
  const host = parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  return {
    topology: 'single',
    label: `${host}:${port}`,
    options: {
      host,
      port,
      ...credentialsOf(parsed),
      ...databaseOf(parsed.pathname.slice(1)),
      ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
    },
  };
}

function parseSentinelUrl(url: string): RedisTarget {
  const match = /^redis\+sentinel:\/\/(?:([^@/]*)@)?([^/]+)\/([^/?#]+)(?:\/([^/?#]*))?$/.exec(url);
  if (match === null) throw invalidUrl('write redis+sentinel://host:port,host:port/name');
  const [, credentials, hosts = '', name = '', database = ''] = match;
  const sentinels = hosts.split(',').map((address) => {
    const { hostname, port } = parseUrl(`redis://${address}`);
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 26_379 : Number(port) };
  });
  return {
    topology: 'sentinel',
    label: `${name} by ${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}`,
    options: {
      sentinels,
      name: decode(name),
      ...(credentials === undefined ? {} : credentialsOf(parseUrl(`redis://${credentials}@host`))),
      ...databaseOf(database),
    },
  };
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw invalidUrl('it is not a URL');
  }
}

function credentialsOf({ username, password }: URL): { username?: string; password?: string } {
  return {
    ...(username === '' ? {} : { username: decode(username) }),
    ...(password === '' ? {} : { password: decode(password) }),
  };
}

/** A password may well hold a percent sign. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUrl('write % as %25, and percent-encode what else is special in user, password and name');
  }
}

function databaseOf(text: string): { db?: number } {
  if (text === '') return {};
  if (!/^\d{1,5}$/.test(text)) throw invalidUrl('the database is a number');
  return { db: Number(text) };
}

function invalidUrl(why: string): TrunklineError {
  return new TrunklineError('invalid_data', `The Redis URL can not be used: ${why}.`);
}
