import type { Redis } from 'ioredis';
import type { BrokerStatus } from '../../seams/broker.js';
import type { Logger } from '../../seams/logger.js';
import type { Observer } from '../../seams/observer.js';
import { createCanary } from './canary.js';
import { createLinkStatus } from './link-status.js';
import { createRedisConnection } from './redis-connection.js';
import { describeFailure, unavailable } from './redis-failure.js';
import type { RedisKeys } from './redis-keys.js';
import { describeForbidden, redisChannels } from './redis-rights.js';
import { type RedisScript, runScript } from './redis-script.js';
import type { RedisTarget } from './redis-url.js';
import { createRefusalLog, type RefusalLog } from './refusal-log.js';
import { createServerWatch } from './server-watch.js';
import { createSubscriber, type Subscriber } from './subscriber.js';

export interface RedisLinkOptions {
  readonly target: RedisTarget;
  readonly keys: RedisKeys;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly observer: Observer;
  readonly commandTimeoutMs: number;
  /** How long `start` waits for a first connection, milliseconds. */
  readonly startTimeoutMs: number;
}

/** This node's connections to Redis and what is known about their health; shared by everything that is kept there. */
export interface RedisLink {
  readonly keys: RedisKeys;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly observer: Observer;
  readonly target: RedisTarget;
  /** For commands that may fail at any time; check nothing, catch everything. */
  readonly commands: Redis;
  readonly subscriber: Subscriber;
  readonly status: BrokerStatus;
  /** How far the clock of Redis is ahead of ours, milliseconds. */
  readonly clockAheadMs: number;
  /** True while commands may be sent. */
  readonly usable: boolean;
  /** Why they may not. */
  readonly reason: string;
  /** @throws {TrunklineError} `unavailable` */
  call<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
  /** @throws as `call` */
  script(script: RedisScript, args: readonly (string | number)[]): Promise<unknown>;
  /** For commands that are sent past `call` and `script`, which log by themselves. */
  readonly refused: RefusalLog;
  /** Runs before commands may be used again: `connected` on each new connection, `lost` when it is gone. */
  onCommands(listener: { connected?(redis: Redis): Promise<void>; lost?(reason: string): void }): void;
  /** Runs after each healing and before the status says so, in order of registration. Failures are logged. */
  onHeal(hook: () => Promise<void>): void;
  onStatus(listener: (status: BrokerStatus) => void): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createRedisLink(options: RedisLinkOptions): RedisLink {
  const { target, keys, nodeId, logger, observer, commandTimeoutMs } = options;
  const commandListeners: { connected?(redis: Redis): Promise<void>; lost?(reason: string): void }[] = [];
  const healHooks: (() => Promise<void>)[] = [];
  const status = createLinkStatus(logger, target.label);
  const refused = createRefusalLog(logger);
  let healing = 0;
  let everConnected = false;
  let starting: Promise<void> | undefined;
  const nameOf = (role: string): string => `${keys.prefix}:${nodeId.slice(0, 8)}:${role}`;

  const commands = createRedisConnection({
    options: { ...target.options, ...(target.topology === 'sentinel' ? { failoverDetector: true } : {}) },
    name: nameOf('commands'),
    commandTimeoutMs,
    observer,
    onReady: () => void prepare(),
    onLost(reason) {
      for (const listener of commandListeners) listener.lost?.(reason);
      status.set({ usable: false, healed: false, lossReason: reason });
    },
  });
  const server = createServerWatch({
    options: target.options,
    name: nameOf('health'),
    logger,
    observer,
    commands: () => (status.facts.usable ? commands.redis : undefined),
    onChanged(moved) {
      // The others may still talk to the one before.
      if (moved) {
        subscriber.connection.reconnect();
        server.reconnect();
      } else if (status.facts.usable) void heal();
    },
    onObstacle(now) {
      status.set({ obstacle: now });
    },
  });
  const subscriber = createSubscriber({
    options: target.options,
    name: nameOf('subscriber'),
    observer,
    onHeard() {
      if (everConnected) observer.brokerEvent?.('resubscribed');
      if (status.facts.usable) canary.expect();
    },
    onLost() {
      if (status.facts.hearing) status.forgive();
      status.set({ hearing: false, healed: false });
    },
    onForbidden: (error) => permit('mayNotHear', error),
  });
  const canary = createCanary({
    ...{ nodeId, keys, logger, observer },
    commands: () => (status.facts.usable ? commands.redis : undefined),
    listening: () => subscriber.hears(keys.canary),
    onForbidden: (error) => permit('mayNotSay', error),
    onWritten(error) {
      status.set({ refusal: error === null ? null : describeFailure(error) });
    },
    onDataLost() {
      logger.warn({}, 'Redis lost its data');
      void heal();
    },
    onSilentCommands() {
      logger.warn({}, 'Redis does not answer; connecting anew');
      commands.reconnect();
      server.reconnect();
    },
    onDeaf() {
      logger.warn({}, 'this node does not hear Redis; subscribing anew');
      status.set({ hearing: false, healed: false, graceUntil: 0 });
      subscriber.connection.reconnect();
    },
    onHeard() {
      status.set({ hearing: true });
      void heal();
    },
  });

  /** What the ACL forbade was missed: when it allows it, rooms are repaired before the status says so. */
  function permit(what: 'mayNotHear' | 'mayNotSay', error: Error | null): void {
    const why = error && describeForbidden(error, redisChannels(keys.prefix));
    status.set({ [what]: why, hearing: false, healed: false });
    if (status.facts.usable && subscriber.connection.ready) canary.expect();
  }

  async function prepare(): Promise<void> {
    const { redis } = commands;
    try {
      if ((await server.inspect(redis)) !== null) throw new Error('obstacle');
      for (const listener of commandListeners) await listener.connected?.(redis);
    } catch (error) {
      if (status.facts.closed || !commands.ready) return;
      const lossReason = status.facts.obstacle ?? describeFailure(error);
      status.set({ lossReason });
      commands.retry(lossReason);
      return;
    }
    if (status.facts.closed || !commands.ready) return;
    status.forgive();
    status.set({ usable: true });
    if (everConnected) observer.brokerEvent?.('reconnected');
    if (subscriber.connection.ready) canary.expect();
  }

  async function heal(): Promise<void> {
    healing += 1;
    const mine = healing;
    for (const hook of healHooks) {
      try {
        await hook();
      } catch (error) {
        logger.warn({ reason: describeFailure(error) }, 'a repair after Redis came back failed');
      }
    }
    if (mine !== healing || !status.facts.usable || !status.facts.hearing) return;
    everConnected = true;
    status.set({ healed: true });
  }

  async function open(): Promise<void> {
    void subscriber.listen(keys.canary, (message) => {
      if (!canary.hear(message)) observer.brokerEvent?.('junk');
    });
    const settled = status.settled(options.startTimeoutMs);
    canary.start();
    server.start();
    commands.open();
    subscriber.connection.open();
    await settled;
  }

  async function call<T>(run: (redis: Redis) => Promise<T>, key?: string): Promise<T> {
    if (!status.facts.usable) throw unavailable(status.facts.lossReason);
    try {
      return await run(commands.redis);
    } catch (error) {
      refused(error, key);
      throw unavailable(error);
    }
  }

  return {
    ...{ keys, nodeId, logger, observer, target, subscriber, refused },
    call: (run) => call(run),
    commands: commands.redis,
    get status() {
      return status.current;
    },
    get clockAheadMs() {
      return server.clockAheadMs;
    },
    get usable() {
      return status.facts.usable;
    },
    get reason() {
      return status.reason;
    },
    script: (script, args) => call((redis) => runScript(redis, script, args), String(args[0])),
    onCommands: (listener) => void commandListeners.push(listener),
    onHeal: (hook) => void healHooks.push(hook),
    onStatus: status.onChange,
    start() {
      starting ??= open();
      return starting;
    },
    async close() {
      canary.stop();
      status.set({ closed: true, usable: false });
      await Promise.all([commands.close(), subscriber.connection.close(), server.close()]);
    },
  };
}
