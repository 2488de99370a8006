import type { Hub, HubOptions, Logger, Observer, TicketStore } from '@trunkline/server';
import type { Configuration } from '../config/read-configuration.js';

/** What the nodes share, or what one node alone uses instead. */
export interface Backend {
  readonly seams: Pick<HubOptions, 'broker' | 'directory' | 'ledger' | 'presence' | 'roster'>;
  readonly ticketStore: TicketStore | undefined;
  /** For the login limiter; absent: each process counts for itself. */
  readonly limiterStore: { readonly client: unknown; readonly prefix: string } | undefined;
  /** Once the hub runs: begins to hear other services. */
  start(hub: Hub): Promise<void>;
  isForeignHeard(): boolean;
  /** Before the hub closes: hears other services no more. */
  stop(): Promise<void>;
  /** After the hub has closed. */
  close(): Promise<void>;
}

/** @throws {ConfigurationError} naming REDIS_URL when Redis refuses us */
export async function createBackend(
  configuration: Configuration,
  _tools: { logger: Logger; observer: Observer },
): Promise<Backend> {
  void configuration;
  return {
    seams: {},
    ticketStore: undefined,
    limiterStore: undefined,
    start: async () => undefined,
    isForeignHeard: () => true,
    stop: async () => undefined,
    close: async () => undefined,
  };
}
