import type { Contract } from '@trunkline/protocol';
import type { Authenticator } from '../seams/authenticator.js';
import type { Broker } from '../seams/broker.js';
import type { Directory } from '../seams/directory.js';
import type { Ledger } from '../seams/ledger.js';
import type { Logger } from '../seams/logger.js';
import type { Observer } from '../seams/observer.js';
import type { PresenceStore } from '../seams/presence-store.js';
import type { RevocationStore } from '../seams/revocation-store.js';
import type { RoomPolicy } from '../seams/room-policy.js';
import type { Roster } from '../seams/roster.js';
import type { Connection } from './connection.js';
import type { EventRules } from './event-rules.js';
import type { HubLimits } from './hub-api.js';

/** What every part of the hub shares: the seams, the limits, and the connections of this process. */
export interface Core {
  readonly contract: Contract;
  readonly rules: EventRules;
  readonly authenticator: Authenticator;
  readonly broker: Broker;
  readonly presence: PresenceStore;
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly roster: Roster;
  readonly policy: RoomPolicy;
  readonly revocations: RevocationStore;
  readonly limits: HubLimits;
  readonly observer: Observer;
  readonly logger: Logger;
  readonly connections: Connections;
}

/** The time by the clock that nodes share: theirs may differ by minutes. */
export function sharedNow({ broker }: Pick<Core, 'broker'>): number {
  return Date.now() + (broker.clockAheadMs ?? 0);
}

/** The open connections of this process, by what they are looked up by. */
export class Connections {
  readonly byId = new Map<string, Connection>();
  /** A Set only for users with several: each costs 160 bytes. */
  readonly #byUser = new Map<string, Connection | Set<Connection>>();

  add(connection: Connection): void {
    this.byId.set(connection.id, connection);
    const { userId } = connection.principal;
    const known = this.#byUser.get(userId);
    if (known === undefined) this.#byUser.set(userId, connection);
    else if (known instanceof Set) known.add(connection);
    else this.#byUser.set(userId, new Set([known, connection]));
  }

  remove(connection: Connection): void {
    this.byId.delete(connection.id);
    const { userId } = connection.principal;
    const known = this.#byUser.get(userId);
    if (known === connection || (known instanceof Set && known.delete(connection) && known.size === 0))
      this.#byUser.delete(userId);
  }

  /** Over what a client spreads its first retry after a drop, so that all of this node's together are no storm. */
  get reconnectSpreadMs(): number {
    return Math.min(1_000, 2 * this.byId.size);
  }

  countOf(userId: string): number {
    const known = this.#byUser.get(userId);
    return known instanceof Set ? known.size : Number(known !== undefined);
  }

  ofUser(userId: string): Iterable<Connection> {
    const known = this.#byUser.get(userId);
    return known instanceof Set ? known : known === undefined ? [] : [known];
  }

  /** The one that has the session now, and those it superseded that are not gone yet. */
  ofSession(sessionId: string, userId: string): Connection[] {
    return [...this.ofUser(userId)].filter((connection) => connection.sessionId === sessionId);
  }
}
