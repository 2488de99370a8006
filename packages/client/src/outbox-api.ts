import type { WelcomeLimits } from '@trunkline/protocol';
import type { Budget } from './budget.js';
import type { PublishedToMany, PublishOptions, RequestOptions, StoredOutcome } from './client-api.js';
import type { Wire } from './exchange.js';
import type { Memberships } from './memberships.js';
import type { ResolvedOptions } from './options.js';
import type { Sendable } from './outbox-item.js';
import type { Pacer } from './pacer.js';

export interface OutboxParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly pacer: Pacer;
  readonly budget: Budget;
  readonly memberships: Pick<Memberships, 'get'>;
  readonly userId: () => string | undefined;
  readonly failed: (error: unknown) => void;
  /** A publish that nobody in this page waits for. */
  readonly settled: (outcome: StoredOutcome) => void;
}

/** Sends until the answer comes: in order per room, the same id at every try, none again beyond doubt. */
export interface Outbox {
  publish(rooms: readonly string[], event: string, data: unknown, options: PublishOptions): Promise<PublishedToMany>;
  request(frame: Sendable, options?: RequestOptions<never>): Promise<unknown>;
  opened(limits: WelcomeLimits): void;
  /** Sends what may go by now. */
  pump(): void;
  /** Settles everything; what is stored stays there. */
  end(): Promise<void>;
}
