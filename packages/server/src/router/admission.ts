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

/** One address, shared by its connections. */
interface Address {
  connections: number;
  /** A listener for the end of each of its sockets: one for all, as each would otherwise keep one of its own. */
  ended(this: object): void;
}

/** Says who may come in by count alone, before any work is done for them. */
export interface Admission {
  /** Lets a socket of this address in, unauthenticated. `ended` is to be called with it, once. */
  admit(address: string, socket: object): Pick<Address, 'ended'> | HttpRefusal;
  /** May come more than once, and after the end. */
  authenticated(socket: object): void;
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
  const byAddress = new Map<string, Address>();
  const unauthenticated = new Set<object>();
  const pace = new TokenBucket(connectsPerSecond, connectsPerSecond, performance.now());
  let connections = 0;
  let isDraining = false;

  function refuse(status: 429 | 503, limit: string, retryAfterSeconds = RETRY_AFTER_SECONDS): HttpRefusal {
    observer.limited?.(limit);
    const detail = status === 429 ? 'Too many connections from this address.' : 'No new connections here for now.';
    return problem(status, detail, { 'Retry-After': String(retryAfterSeconds) });
  }

  function createAddress(key: string): Address {
    const address: Address = {
      connections: 0,
      ended() {
        unauthenticated.delete(this);
        connections--;
        address.connections--;
        if (address.connections === 0) byAddress.delete(key);
        addresses?.set(key, address.connections);
      },
    };
    return address;
  }

  return {
    admit(from, socket) {
      if (isDraining) return refuse(503, 'draining', 1);
      const key = addressKey(from);
      const address = byAddress.get(key) ?? createAddress(key);
      const elsewhere = addresses?.elsewhere(key) ?? 0;
      if (address.connections + elsewhere >= connectionsPerAddress) return refuse(429, 'connections_per_address');
      if (connections >= maxConnections) return refuse(503, 'connections');
      if (unauthenticated.size >= maxUnauthenticated) return refuse(503, 'unauthenticated_connections');
      const waitMs = pace.take(performance.now());
      if (waitMs > 0) return refuse(503, 'connects_per_second', Math.ceil(waitMs / 1_000));

      byAddress.set(key, address);
      address.connections++;
      addresses?.set(key, address.connections);
      connections++;
      unauthenticated.add(socket);
      return address;
    },
    authenticated(socket) {
      unauthenticated.delete(socket);
    },
    drain() {
      isDraining = true;
    },
    counts: () => ({ connections, unauthenticated: unauthenticated.size, addresses: byAddress.size }),
  };
}
