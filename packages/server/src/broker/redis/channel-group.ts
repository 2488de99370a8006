import type { Redis } from 'ioredis';
import { isForbidden } from './redis-rights.js';

export interface ChannelGroupOptions {
  readonly redis: Redis;
  /** While false nothing is asked for: `askAll` does it when the connection is new. */
  isReady(): boolean;
  /** It can not subscribe and is of no use. */
  onBroken(): void;
  /** An ACL forbids some channel; null when none is forbidden any more. Called at each change. */
  onForbidden(error: Error | null): void;
}

/**
 * Channels that are asked for together on one connection, apart from other groups: Redis refuses a whole SUBSCRIBE for one
 * channel that it forbids. What it forbids is asked for again, for an operator may allow it.
 */
export interface ChannelGroup {
  /** One handler a channel. Resolves once it is heard or forbidden, or when the connection is away: then `askAll` asks for it. */
  listen(channel: string, handler: (message: string) => void): Promise<void>;
  unlisten(channel: string): void;
  /** The connection is new. Resolves true once all that was wanted is heard on it. */
  askAll(): Promise<boolean>;
  /** The connection is gone. */
  forget(): void;
  isHeard(channel: string): boolean;
  isForbidden(channel: string): boolean;
}

/** What one command asked for. */
interface Asked {
  isHeard: boolean;
  readonly answered: Promise<void>;
}

const CHANNELS_PER_COMMAND = 500;
const RETRY_MS = 1_000;

export function createChannelGroup({ redis, isReady, onBroken, onForbidden }: ChannelGroupOptions): ChannelGroup {
  const wanted = new Map<string, (message: string) => void>();
  /** What this connection was told to hear. */
  let asked = new Map<string, Asked>();
  const changed = new Set<string>();
  const forbidden = new Set<string>();
  let told: string | undefined;
  let flushing: Promise<void> | undefined;
  let isRetrying = false;
  redis.on('message', (channel: string, message: string) => wanted.get(channel)?.(message));

  function tell(error: Error | null): void {
    if (told === error?.message) return;
    told = error?.message;
    onForbidden(error);
  }

  function allow(channels: readonly string[]): void {
    if (forbidden.size === 0) return;
    for (const channel of channels) forbidden.delete(channel);
    if (forbidden.size === 0) tell(null);
  }

  function forbid(error: Error, channels: readonly string[]): void {
    for (const channel of channels) {
      asked.delete(channel);
      if (wanted.has(channel)) forbidden.add(channel);
    }
    if (forbidden.size === 0) return;
    tell(error);
    if (isRetrying) return;
    isRetrying = true;
    setTimeout(() => {
      isRetrying = false;
      for (const channel of forbidden) changed.add(channel);
      flush();
    }, RETRY_MS).unref();
  }

  function ask(channels: readonly string[]): void {
    const connection = asked;
    for (let start = 0; start < channels.length; start += CHANNELS_PER_COMMAND) {
      const batch = channels.slice(start, start + CHANNELS_PER_COMMAND);
      const answered = redis.subscribe(...batch).then(
        () => {
          one.isHeard = true;
          if (connection === asked) allow(batch);
        },
        (error: unknown) => {
          if (connection !== asked) return;
          if (isForbidden(error)) forbid(error, batch);
          else onBroken();
        },
      );
      const one: Asked = { isHeard: false, answered };
      for (const channel of batch) asked.set(channel, one);
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
    if (!isReady()) return;
    if (stale.length > 0) redis.unsubscribe(...stale).catch(onBroken);
    ask(fresh);
  }

  return {
    async listen(channel, handler) {
      wanted.set(channel, handler);
      changed.add(channel);
      flushing ??= Promise.resolve().then(flush);
      await flushing;
      await asked.get(channel)?.answered;
    },
    unlisten(channel) {
      wanted.delete(channel);
      allow([channel]);
      changed.add(channel);
      flushing ??= Promise.resolve().then(flush);
    },
    async askAll() {
      const current = new Map<string, Asked>();
      asked = current;
      changed.clear();
      ask([...wanted.keys()]);
      const all = new Set(current.values());
      await Promise.all([...all].map(({ answered }) => answered));
      // Another connection may have taken over meanwhile; its own answer counts.
      return asked === current && [...all].every(({ isHeard }) => isHeard);
    },
    forget() {
      asked = new Map();
    },
    isHeard: (channel) => isReady() && asked.get(channel)?.isHeard === true,
    isForbidden: (channel) => forbidden.has(channel),
  };
}
