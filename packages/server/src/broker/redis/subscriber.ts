import type { RedisOptions } from 'ioredis';
import type { Observer } from '../../seams/observer.js';
import { type ChannelGroup, createChannelGroup } from './channel-group.js';
import { createRedisConnection, type RedisConnection } from './redis-connection.js';

export interface SubscriberOptions {
  readonly options: RedisOptions;
  readonly name: string;
  readonly observer: Observer;
  /** Every wanted channel of ours is heard on a fresh connection. */
  onHeard(): void;
  onLost(reason: string): void;
  /** An ACL forbids some channel of ours; null when none is forbidden any more. Called at each change. */
  onForbidden(error: Error | null): void;
}

/** The one connection that hears. */
export interface Subscriber extends Pick<ChannelGroup, 'listen' | 'unlisten'> {
  readonly connection: RedisConnection;
  /** False while the connection is away, or when Redis forbids this channel of ours. */
  hears(channel: string): boolean;
  /** Channels whose refusal is not ours. */
  group(onForbidden: (error: Error | null) => void): ChannelGroup;
}

const SUBSCRIBE_TIMEOUT_MS = 3_000;

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const groups: ChannelGroup[] = [];
  const connection = createRedisConnection({
    options: options.options,
    name: options.name,
    commandTimeoutMs: SUBSCRIBE_TIMEOUT_MS,
    observer: options.observer,
    onReady() {
      for (const one of groups)
        void one.askAll().then((heard) => {
          if (heard && one === own && connection.ready) options.onHeard();
        });
    },
    onLost(reason) {
      for (const one of groups) one.forget();
      options.onLost(reason);
    },
  });

  function group(onForbidden: (error: Error | null) => void): ChannelGroup {
    const created = createChannelGroup({
      redis: connection.redis,
      isReady: () => connection.ready,
      onBroken: () => connection.reconnect(),
      onForbidden,
    });
    groups.push(created);
    return created;
  }
  const own = group(options.onForbidden);

  return {
    connection,
    group,
    listen: own.listen,
    unlisten: own.unlisten,
    hears: (channel) => connection.ready && !own.isForbidden(channel),
  };
}
