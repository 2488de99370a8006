import type { WelcomeLimits } from '@trunkline/protocol';
import type { PublishedToMany, PublishOptions, RequestOptions } from './client-api.js';
import type { Wire } from './exchange.js';
import type { Membership } from './membership-api.js';
import type { ResolvedOptions } from './options.js';
import type { Packed, Sendable } from './outbox-item.js';
import type { OutboxQueue } from './queue.js';
import type { StoredOutcome } from './queue-api.js';

export interface OutboxParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly queue: OutboxQueue;
  readonly room: (name: string) => Pick<Membership, 'status' | 'position'>;
  readonly userId: () => string | undefined;
  /** Connects, if nobody has. @throws {TrunklineError} once closed, or `cancelled` when the signal has fired */
  readonly start: (signal: AbortSignal | undefined) => void;
  readonly failed: (error: unknown) => void;
  /** A publish that nobody in this page waits for. */
  readonly settled: (outcome: StoredOutcome) => void;
}

/** Sends until the answer comes: in order per room, the same id at every try, none again beyond doubt. */
export interface Outbox {
  /** A frame that the server would not close the connection for. @throws {TrunklineError} `invalid_data`, `too_large` */
  checked<F>(frame: F): Packed<F>;
  publish(rooms: readonly string[], event: string, data: unknown, options?: PublishOptions): Promise<PublishedToMany>;
  request(frame: Sendable, options?: RequestOptions<never>): Promise<unknown>;
  /** Looks for what earlier pages left. */
  started(): void;
  opened(welcome: { readonly limits: WelcomeLimits }): void;
  /** Sends what may go by now. */
  pump(): void;
  /** Settles everything; what is stored stays there. */
  end(): Promise<void>;
}
