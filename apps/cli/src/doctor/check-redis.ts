import { parseRedisUrl, type RedisTarget } from '@trunkline/server';
import { Redis } from 'ioredis';
import { checkRedisRights } from './check-redis-rights.js';
import { type Check, type Finding, fault, messageOf, ok, skipped, warning } from './finding.js';

const CONNECT_MS = 3_000;
const OLDEST = [6, 2] as const;

/** Reachable, new enough, and set so that it neither evicts nor forgets. */
export const checkRedis: Check = async ({ env: { REDIS_URL: url, REDIS_PREFIX: prefix } }) => {
  if (!url) return [skipped('redis', 'REDIS_URL is not set; the server keeps everything in memory')];
  let target: RedisTarget;
  try {
    target = parseRedisUrl(url);
  } catch (error) {
    return [fault('redis', messageOf(error), 'Correct REDIS_URL.')];
  }
  // Behind sentinels this is the master, which is the one that counts.
  const redis = new Redis({
    ...target.options,
    connectTimeout: CONNECT_MS,
    commandTimeout: CONNECT_MS,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    protocol: 2,
    replyMapping: 'legacy',
    retryStrategy: () => null,
    sentinelCommandTimeout: CONNECT_MS,
    sentinelRetryStrategy: () => null,
  });
  let failure: unknown;
  redis.on('error', (error) => {
    failure = error;
  });
  try {
    await redis.connect();
    // Of a database that is not there ioredis tells nothing else.
    if (failure !== undefined) throw failure;
    const info = await redis.info();
    const old = version(info);
    // What else there is to ask came with later versions.
    if (old.status === 'fault') return [ok('redis', `reachable at ${target.label}`), old];
    return [
      ok('redis', `reachable at ${target.label}`),
      old,
      role(info),
      await eviction(redis),
      await persistence(redis),
      // Last: who listens may ask nothing else.
      await checkRedisRights(redis, prefix || 'trunkline'),
    ];
  } catch (error) {
    return [unreachable(messageOf(failure ?? error), target)];
  } finally {
    redis.disconnect();
  }
};

function unreachable(message: string, { label, topology }: RedisTarget): Finding {
  if (/NOAUTH|WRONGPASS|AUTH/i.test(message))
    return fault(
      'redis',
      'it refuses our password',
      'Put the right user and password into REDIS_URL: redis://user:password@host.',
    );
  if (message.startsWith('NOPERM'))
    return fault(
      'redis',
      `it forbids a command: ${message}`,
      'Give our user in Redis the rights of docs/operating.md.',
    );
  if (/DB index|SELECT/.test(message))
    return fault('redis', `it has no such database: ${message}`, 'Correct the database in REDIS_URL.');
  if (topology === 'sentinel')
    return fault(
      'redis',
      `no sentinel names a master that answers (${label}): ${message}`,
      'Start the sentinels, or correct their hosts, ports and the name of the master in REDIS_URL; look at firewalls.',
    );
  return fault(
    'redis',
    `not reachable: ${message}`,
    'Start Redis, or correct host and port in REDIS_URL; look at firewalls.',
  );
}

function version(info: string): Finding {
  const [, text = '0.0'] = /redis_version:(\S+)/.exec(info) ?? [];
  const [major = 0, minor = 0] = text.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return ok('redis version', text);
  return fault('redis version', `${text} is too old`, `Upgrade Redis to ${OLDEST.join('.')} or newer.`);
}

function role(info: string): Finding {
  const [, text = 'unknown'] = /\brole:(\S+)/.exec(info) ?? [];
  if (text === 'master') return ok('redis role', text);
  return fault(
    'redis role',
    `${text}: nothing can be written there`,
    'Give the master in REDIS_URL, or the sentinels.',
  );
}

async function eviction(redis: Redis): Promise<Finding> {
  const policy = await setting(redis, 'maxmemory-policy');
  if (policy === undefined)
    return skipped('redis eviction', 'CONFIG is forbidden here; ask your provider for noeviction');
  if (policy === 'noeviction') return ok('redis eviction', policy);
  return fault(
    'redis eviction',
    `maxmemory-policy is ${policy}: logs and presence vanish under memory pressure`,
    'Set maxmemory-policy noeviction (CONFIG SET, and in redis.conf).',
  );
}

async function persistence(redis: Redis): Promise<Finding> {
  const [appendonly, save] = [await setting(redis, 'appendonly'), await setting(redis, 'save')];
  if (appendonly === undefined) return skipped('redis persistence', 'CONFIG is forbidden here');
  if (appendonly === 'yes') return ok('redis persistence', 'append-only file');
  if (save)
    return warning(
      'redis persistence',
      'snapshots only: a crash loses what came after the last',
      'Set appendonly yes.',
    );
  return fault(
    'redis persistence',
    'none: a restart of Redis loses every log',
    'Set appendonly yes and appendfsync everysec.',
  );
}

async function setting(redis: Redis, name: string): Promise<string | undefined> {
  try {
    // RESP3 answers a map, RESP2 a flat list; ioredis gives either.
    const answer: unknown = await redis.config('GET', name);
    const value: unknown = Array.isArray(answer) ? answer[1] : Reflect.get(Object(answer), name);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
