import { bookingForeignChannels } from '@trunkline/dialects/booking';
import { TrunklineError } from '@trunkline/protocol';
import {
  createMemoryDirectory,
  createRedisBackend,
  createRedisTicketStore,
  createWebhookDirectory,
  type Hub,
  type HubOptions,
  type Logger,
  type Observer,
  type RedisBackend,
  type TicketStore,
} from '@trunkline/server';
import { ConfigurationError } from '../config/configuration-error.js';
import type { Configuration } from '../config/read-configuration.js';

/** What the nodes share, or what one node alone uses instead. */
export interface Backend {
  readonly seams: Pick<HubOptions, 'broker' | 'directory' | 'ledger' | 'presence' | 'revocations' | 'roster'>;
  /** For what only the server keeps there; absent: each process is alone. */
  readonly redis?: { readonly commands: RedisBackend['commands']; readonly prefix: string };
  /** Absent: tickets are this node's own. */
  readonly ticketStore?: TicketStore;
  /** For the login limiter; absent: each process counts for itself. */
  readonly limiterStore?: { readonly client: unknown; readonly prefix: string };
  /**
   * Once the hub runs: begins to hear other services.
   *
   * @throws {ConfigurationError} naming REDIS_URL when Redis refuses us; one that is away is no error
   */
  start(hub: Hub): Promise<void>;
  /** Some node takes in the events of other services. */
  isForeignHeard(): boolean;
  /** What Redis forbids this node of the channels of other services. */
  foreignForbidden(): string | null;
  /** Before the hub closes: hears other services no more. */
  stop(): Promise<void>;
}

export interface BackendTools {
  readonly logger: Logger;
  readonly observer: Observer;
}

/** @throws {ConfigurationError} naming the variable that can not be used */
export function createBackend(configuration: Configuration, tools: BackendTools): Backend {
  const { directory } = configuration;
  if (!configuration.redis) {
    const seams = directory
      ? { directory: createWebhookDirectory({ ...directory, carrier: createMemoryDirectory() }) }
      : {};
    return {
      seams,
      start: async () => undefined,
      isForeignHeard: () => true,
      foreignForbidden: () => null,
      stop: async () => undefined,
    };
  }
  const { prefix } = configuration.redis;
  const { broker, commands, foreign, ...stores } = openRedis(configuration.redis, configuration.presenceLeaseMs, tools);
  return {
    seams: {
      broker,
      directory: directory ? createWebhookDirectory({ ...directory, carrier: stores.directory }) : stores.directory,
      ledger: stores.ledger,
      presence: stores.presence,
      revocations: stores.revocations,
      roster: stores.roster,
    },
    redis: { commands, prefix },
    ticketStore: createRedisTicketStore({ commands, prefix }),
    limiterStore: { client: commands, prefix },
    async start(hub) {
      const { broker: status } = hub.status();
      if (status.state === 'degraded' && REFUSED.test(status.reason))
        throw new ConfigurationError('REDIS_URL', `${status.reason}.`);
      await bookingForeignChannels(hub, foreign, tools.logger);
      if (foreign.forbidden !== null) throw new ConfigurationError('REDIS_URL', `${foreign.forbidden}.`);
    },
    isForeignHeard: () => foreign.isHeard(),
    foreignForbidden: () => foreign.forbidden,
    stop: () => foreign.close(),
  };
}

/** Waiting will not cure these. */
const REFUSED = /refuses the password|needs a password|Redis forbids|Redis has no database/;

function openRedis(redis: { url: string; prefix: string }, presenceLeaseMs: number, tools: BackendTools): RedisBackend {
  try {
    return createRedisBackend({ ...redis, ...tools, presenceLeaseMs });
  } catch (error) {
    if (error instanceof TrunklineError) throw new ConfigurationError('REDIS_URL', error.message);
    throw error;
  }
}
