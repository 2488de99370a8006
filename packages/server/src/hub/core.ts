import type { Contract } from '@trunkline/protocol';
import type { Authenticator } from '../seams/authenticator.js';
import type { Broker } from '../seams/broker.js';
import type { Logger } from '../seams/dialect.js';
import type { Directory } from '../seams/directory.js';
import type { Ledger } from '../seams/ledger.js';
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

/** The open connections of this process, by what they are looked up by. */
export class Connections {
  readonly byId = new Map<string, Connection>();
  readonly byUser = new Map<string, Set<Connection>>();
  readonly bySession = new Map<string, Connection>();

  add(connection: Connection): void {
    this.byId.set(connection.id, connection);
    const { userId } = connection.principal;
    const ofUser = this.byUser.get(userId);
    if (ofUser) ofUser.add(connection);
    else this.byUser.set(userId, new Set([connection]));
    this.bySession.set(connection.sessionId, connection);
  }

  remove(connection: Connection): void {
    this.byId.delete(connection.id);
    const { userId } = connection.principal;
    const ofUser = this.byUser.get(userId);
    if (ofUser?.delete(connection) && ofUser.size === 0) this.byUser.delete(userId);
    if (this.bySession.get(connection.sessionId) === connection) this.bySession.delete(connection.sessionId);
  }

  /** Over what a client spreads its first retry after a drop, so that all of this node's together are no storm. */
  get reconnectSpreadMs(): number {
    return Math.min(1_000, 2 * this.byId.size);
  }

  countOf(userId: string): number {
    return this.byUser.get(userId)?.size ?? 0;
  }

  ofUser(userId: string): Iterable<Connection> {
    return this.byUser.get(userId) ?? [];
  }
}
