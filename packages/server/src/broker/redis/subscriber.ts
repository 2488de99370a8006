import type { RedisOptions } from 'ioredis';
import type { Observer } from '../../seams/observer.js';
import { createRedisConnection, type RedisConnection } from './redis-connection.js';

export interface SubscriberOptions {
  readonly options: RedisOptions;
  readonly name: string;
  readonly observer: Observer;
  /** Every wanted channel is heard on a fresh connection. */
  onHeard(): void;
  onLost(reason: string): void;
}

/** The one connection that hears. Keeps what is wanted apart from what the current connection has subscribed. */
export interface Subscriber {
  readonly connection: RedisConnection;
  /** One handler a channel. Resolves once it is heard, or when the connection is away: then `onHeard` comes later. */
  listen(channel: string, handler: (message: string) => void): Promise<void>;
  unlisten(channel: string): void;
}

const SUBSCRIBE_TIMEOUT_MS = 3_000;
const CHANNELS_PER_COMMAND = 500;

export function createSubscriber({ options, name, observer, onHeard, onLost }: SubscriberOptions): Subscriber {
  const wanted = new Map<string, (message: string) => void>();
  /** What this connection was told to hear, with the answer. */
  let asked = new Map<string, Promise<void>>();
  const changed = new Set<string>();
  let flushing: Promise<void> | undefined;

  const connection = createRedisConnection({
    options,
    name,
    commandTimeoutMs: SUBSCRIBE_TIMEOUT_MS,
    observer,
    onReady() {
      const current = new Map<string, Promise<void>>();
      asked = current;
      changed.clear();
      subscribe([...wanted.keys()]);
      void Promise.all(current.values()).then(() => {
        // Another connection may have taken over meanwhile; its own answer counts.
        if (asked === current && connection.ready) onHeard();
      });
    },
    onLost(reason) {
      asked = new Map();
      onLost(reason);
    },
  });
  connection.redis.on('message', (channel: string, message: string) => wanted.get(channel)?.(message));

  function subscribe(channels: readonly string[]): void {
    for (let start = 0; start < channels.length; start += CHANNELS_PER_COMMAND) {
      const batch = channels.slice(start, start + CHANNELS_PER_COMMAND);
      const answer = connection.redis.subscribe(...batch).then(
        () => undefined,
        // Refused or timed out: a connection that can not subscribe is of no use.
        () => connection.reconnect(),
      );
      for (const channel of batch) asked.set(channel, answer);
    }
  }

  function flush(): void {
    flushing = undefined;
    const fresh: string[] = [];
    const stale: string[] = [];
    for (const channel of changed) {
      if (wanted.has(channel) && !asked.has(channel)) fresh.push(channel);
      if (!wanted.has(channel) && asked.delete(channel)) stale.push(channel);
    }
    changed.clear();
    // A connection that is still coming up asks for everything that is wanted when it is ready.
    if (!connection.ready) return;
    if (stale.length > 0) connection.redis.unsubscribe(...stale).catch(() => connection.reconnect());
    subscribe(fresh);
  }

  return {
    connection,
    async listen(channel, handler) {
      wanted.set(channel, handler);
      changed.add(channel);
      flushing ??= Promise.resolve().then(flush);
      await flushing;
      await asked.get(channel);
    },
    unlisten(channel) {
      wanted.delete(channel);
      changed.add(channel);
      flushing ??= Promise.resolve().then(flush);
    },
  };
}
