import { TokenBucket } from '../hub/token-bucket.js';
import type { Observer } from '../seams/observer.js';
import { type HttpRefusal, problem } from './http-refusal.js';
import { addressKey } from './request-head.js';

export interface AdmissionLimits {
  /** The same addresses on other nodes. @default there are none */
  readonly addresses?: AddressesElsewhere | undefined;
  /** @default 1_000 */
  readonly connectionsPerAddress?: number | undefined;
  /** Upgrades a second; a second's worth may come at once. @default 5_000 */
  readonly connectsPerSecond?: number | undefined;
  /** Open sockets of this router. @default Infinity: the machine's descriptors */
  readonly maxConnections?: number | undefined;
  /** Upgraded, or being upgraded, and not authenticated yet. @default 10_000 */
  readonly maxUnauthenticated?: number | undefined;
}

/** Makes the limit of an address one over all nodes. */
interface AddressesElsewhere {
  elsewhere(key: string): number;
  /** This node's own count has changed. */
  set(key: string, count: number): void;
}

export interface AdmissionCounts {
  readonly connections: number;
  readonly unauthenticated: number;
  /** Distinct addresses connected. */
  readonly addresses: number;
}

/** A socket that was let in. */
interface Ticket {
  /** May come more than once, and after the release. */
  authenticated(): void;
  /** The socket has ended. */
  release(): void;
}

/** One address, shared by its connections. */
interface AddressCount {
  readonly key: string;
  connections: number;
}

/** Says who may come in by count alone, before any work is done for them. */
export interface Admission {
  admit(address: string): Ticket | HttpRefusal;
  /** From now on nobody. */
  drain(): void;
  counts(): AdmissionCounts;
}

const RETRY_AFTER_SECONDS = 5;

export function createAdmission(limits: AdmissionLimits, observer: Observer = {}): Admission {
  const {
    addresses,
    connectionsPerAddress = 1_000,
    connectsPerSecond = 5_000,
    maxConnections = Number.POSITIVE_INFINITY,
    maxUnauthenticated = 10_000,
  } = limits;
  const byAddress = new Map<string, AddressCount>();
  const pace = new TokenBucket(connectsPerSecond, connectsPerSecond, performance.now());
  let connections = 0;
  let unauthenticated = 0;
  let isDraining = false;

  function refuse(status: 429 | 503, limit: string, retryAfterSeconds = RETRY_AFTER_SECONDS): HttpRefusal {
    observer.limited?.(limit);
    const detail = status === 429 ? 'Too many connections from this address.' : 'No new connections here for now.';
    return problem(status, detail, { 'Retry-After': String(retryAfterSeconds) });
  }

  function ticketFor(count: AddressCount): Ticket {
    let isAuthenticated = false;
    return {
      authenticated() {
        if (!isAuthenticated) unauthenticated--;
        isAuthenticated = true;
      },
      release() {
        if (!isAuthenticated) unauthenticated--;
        isAuthenticated = true;
        connections--;
        count.connections--;
        if (count.connections === 0) byAddress.delete(count.key);
        addresses?.set(count.key, count.connections);
      },
    };
  }

  return {
    admit(address) {
      if (isDraining) return refuse(503, 'draining', 1);
      const key = addressKey(address);
      const count = byAddress.get(key) ?? { key, connections: 0 };
      const elsewhere = addresses?.elsewhere(key) ?? 0;
      if (count.connections + elsewhere >= connectionsPerAddress) return refuse(429, 'connections_per_address');
      if (connections >= maxConnections) return refuse(503, 'connections');
      if (unauthenticated >= maxUnauthenticated) return refuse(503, 'unauthenticated_connections');
      const waitMs = pace.take(performance.now());
      if (waitMs > 0) return refuse(503, 'connects_per_second', Math.ceil(waitMs / 1_000));

      byAddress.set(count.key, count);
      count.connections++;
      addresses?.set(key, count.connections);
      connections++;
      unauthenticated++;
      return ticketFor(count);
    },
    drain() {
      isDraining = true;
    },
    counts: () => ({ connections, unauthenticated, addresses: byAddress.size }),
  };
}
