import { createId } from '@trunkline/protocol';
import type { Redis } from 'ioredis';
import { createRedisDirectory } from '../../directory/redis-directory.js';
import { createRedisLedger } from '../../ledger/redis-ledger.js';
import { createRedisPresenceStore } from '../../presence/redis-presence-store.js';
import { createRedisRevocationStore } from '../../revocations/redis-revocation-store.js';
import { createRedisRoster } from '../../roster/redis-roster.js';
import type { Broker } from '../../seams/broker.js';
import type { Directory } from '../../seams/directory.js';
import type { Ledger } from '../../seams/ledger.js';
import type { Logger } from '../../seams/logger.js';
import type { Observer } from '../../seams/observer.js';
import type { PresenceStore } from '../../seams/presence-store.js';
import type { RevocationStore } from '../../seams/revocation-store.js';
import type { Roster } from '../../seams/roster.js';
import { createForeignChannels, type ForeignChannels } from './foreign-channels.js';
import { createRedisBroker } from './redis-broker.js';
import { createRedisKeys } from './redis-keys.js';
import { createRedisLink } from './redis-link.js';
import { parseRedisUrl } from './redis-url.js';

export interface RedisBackendOptions {
  /** `redis://`, `rediss://` or `redis+sentinel://host:port,host:port/name` */
  readonly url: string;
  /** Begins every key and channel of ours: letters, digits, `.`, `:`, `-`, `_`. @default 'trunkline' */
  readonly prefix?: string;
  /** @default silent */
  readonly logger?: Logger;
  readonly observer?: Observer;
  /** How long a dead node's members stay, milliseconds. @default 10_000 */
  readonly presenceLeaseMs?: number;
  /** Within it every publish settles, milliseconds. @default 5_000 */
  readonly publishDeadlineMs?: number;
  /** How long the broker's `start` waits for Redis before it starts degraded, milliseconds. @default 2_000 */
  readonly startTimeoutMs?: number;
}

/** Everything that nodes share, over the same few connections. Close the broker last; it closes the connections. */
export interface RedisBackend {
  readonly broker: Broker;
  readonly directory: Directory;
  readonly foreign: ForeignChannels;
  readonly ledger: Ledger;
  readonly presence: PresenceStore;
  readonly revocations: RevocationStore;
  readonly roster: Roster;
  /** The command connection, for rate limiters. It queues nothing: commands fail at once while Redis is away. */
  readonly commands: Redis;
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * @throws {TrunklineError} `not_supported` for `redis+cluster://`, `invalid_data` for a URL or prefix that can not be used.
 * A Redis that is away, wrong or full is a status of the broker, never an error here.
 */
export function createRedisBackend(options: RedisBackendOptions): RedisBackend {
  const { url, prefix = 'trunkline', logger = SILENT, observer = {}, publishDeadlineMs = 5_000 } = options;
  const link = createRedisLink({
    target: parseRedisUrl(url),
    keys: createRedisKeys(prefix),
    nodeId: createId(),
    logger,
    observer,
    // The lane settles first, by its own clock.
    commandTimeoutMs: publishDeadlineMs + 500,
    startTimeoutMs: options.startTimeoutMs ?? 2_000,
  });
  // Healing runs in order of registration: who may be here at all, what they may do, then the rooms are repaired and entered.
  const revocations = createRedisRevocationStore(link);
  const directory = createRedisDirectory(link);
  const presence = createRedisPresenceStore(link, { leaseMs: options.presenceLeaseMs ?? 10_000 });
  return {
    directory,
    broker: createRedisBroker({ link, publishDeadlineMs }),
    foreign: createForeignChannels(link),
    ledger: createRedisLedger(link),
    presence,
    revocations,
    roster: createRedisRoster(link),
    commands: link.commands,
  };
}
