import { Redis, type RedisOptions } from 'ioredis';
import type { Observer } from '../../seams/observer.js';
import { describeFailure } from './redis-failure.js';

export interface RedisConnectionOptions {
  readonly options: RedisOptions;
  /** Shown in `CLIENT LIST`. */
  readonly name: string;
  /** Bound of one command without a deadline of its own, milliseconds. */
  readonly commandTimeoutMs: number;
  readonly observer: Observer;
  /** Once per established connection, before which nothing may be sent. */
  onReady(): void;
  /** Once per loss, and once per failed try. */
  onLost(reason: string): void;
}

/** One connection that comes back by itself. Nothing is queued while it is away and nothing is sent twice. */
export interface RedisConnection {
  readonly redis: Redis;
  readonly ready: boolean;
  open(): void;
  /** Drops the connection, however dead it is, and makes a new one. `why` is the reason of this loss. */
  reconnect(why?: string): void;
  /** For one that is of no use as it is: as `reconnect`, in a second, unless it is lost before. */
  retry(why: string): void;
  close(): Promise<void>;
}

/** TCP, TLS, AUTH and the ready check together; a stopped Redis still accepts TCP. */
const HANDSHAKE_MS = 3_000;
const CLOSE_MS = 500;
const RETRY_MS = 1_000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

export function createRedisConnection({
  options,
  name,
  commandTimeoutMs,
  observer,
  onReady,
  onLost,
}: RedisConnectionOptions): RedisConnection {
  let closing = false;
  let isRefused = false;
  let reason = 'Redis can not be reached';
  let handshake: NodeJS.Timeout | undefined;
  let revival: NodeJS.Timeout | undefined;
  let retrial: NodeJS.Timeout | undefined;
  const redis = new Redis({
    ...options,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    commandTimeout: commandTimeoutMs,
    connectionName: name,
    connectTimeout: HANDSHAKE_MS,
    disableClientInfo: true,
    // A dead peer never answers our FIN.
    disconnectTimeout: 50,
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    protocol: 2,
    // A demoted master keeps our connections; its address or the sentinels may know its successor.
    reconnectOnError(error) {
      if (!error.message.startsWith('READONLY')) return false;
      reason = describeFailure(error);
      return true;
    },
    replyMapping: 'legacy',
    retryStrategy: (attempt) =>
      Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2),
    sentinelCommandTimeout: HANDSHAKE_MS,
    sentinelRetryStrategy: (attempt) => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * attempt),
  });

  // Every command passes here, those of pipelines and scripts included.
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    observer.redisCommand?.(command.name);
    return send(command, stream);
  };

  function connect(): void {
    // A failed try is told by `error` and `close`; the promise says nothing more.
    redis.connect().catch(() => undefined);
  }

  redis.on('error', (error: Error) => {
    // What else was sent fails with the connection.
    if (isRefused) return;
    reason = describeFailure(error);
    // ioredis would go on in database 0, where somebody else's keys may be.
    isRefused = isRefusalOf(error, 'select');
    if (isRefused) redis.disconnect(true);
  });
  redis.on('connecting', () => {
    isRefused = false;
    clearTimeout(handshake);
    handshake = setTimeout(() => {
      reason = 'Redis accepts connections and does not answer';
      redis.disconnect(true);
    }, HANDSHAKE_MS * 2);
  });
  redis.on('ready', () => {
    clearTimeout(handshake);
    reason = 'the connection to Redis was lost';
    if (!closing) onReady();
  });
  redis.on('close', () => {
    clearTimeout(handshake);
    clearTimeout(retrial);
    if (!closing) onLost(reason);
  });
  redis.on('end', () => {
    // ioredis gives up for good after some failures (a sentinel's, for one); we never do.
    if (!closing) revival = setTimeout(connect, LAST_RETRY_MS);
  });

  function reconnect(why = reason): void {
    if (closing || redis.status === 'reconnecting' || redis.status === 'end') return;
    reason = why;
    redis.disconnect(true);
  }

  return {
    redis,
    get ready() {
      return redis.status === 'ready';
    },
    open: connect,
    reconnect,
    retry(why) {
      clearTimeout(retrial);
      if (redis.status === 'ready') retrial = setTimeout(reconnect, RETRY_MS, why);
    },
    async close() {
      closing = true;
      clearTimeout(handshake);
      clearTimeout(revival);
      clearTimeout(retrial);
      const { status } = redis;
      redis.disconnect();
      // Between two tries there is no socket that could end.
      if (status === 'end' || status === 'wait' || status === 'reconnecting') return;
      let late: NodeJS.Timeout | undefined;
      const ended = new Promise<void>((resolve) => {
        redis.once('end', resolve);
        late = setTimeout(resolve, CLOSE_MS);
      });
      await ended;
      clearTimeout(late);
    },
  };
}

/** Redis answered this command with an error. */
function isRefusalOf(error: Error, name: string): boolean {
  const command: unknown = Reflect.get(error, 'command');
  return typeof command === 'object' && command !== null && Reflect.get(command, 'name') === name;
}
