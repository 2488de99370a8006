import { TrunklineError } from '@trunkline/protocol';
import type { Grant } from '../seams/room-policy.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';

const CACHED_ROOMS = 200;

/**
 * What connections may do in rooms they are not members of, remembered until a relation or a token changes; members
 * carry their own grant, which the hub keeps fresh.
 */
export class Grants {
  readonly #cached = new WeakMap<Connection, Map<string, Grant>>();

  constructor(private readonly core: Core) {}

  /** The grant at hand, or null when the policy must be asked. */
  known(connection: Connection, room: string): Grant | null {
    return connection.memberships.get(room)?.grant ?? this.#cached.get(connection)?.get(room) ?? null;
  }

  /** Asks the policy. @throws {TrunklineError} as `RoomPolicy.evaluate` */
  async ask(connection: Connection, room: string): Promise<Grant> {
    const { rightsChanges } = connection;
    const grant = await this.core.policy.evaluate(connection.principal, room);
    // A change that came first found nothing to forget.
    if (rightsChanges !== connection.rightsChanges) return this.ask(connection, room);
    const cached = this.#cached.get(connection) ?? new Map<string, Grant>();
    this.#cached.set(connection, cached);
    cached.delete(room);
    cached.set(room, grant);
    if (cached.size > CACHED_ROOMS) cached.delete(cached.keys().next().value ?? '');
    return grant;
  }

  /** Forgets what was known of a room, or of all. */
  forget(connection: Connection, room?: string): void {
    connection.rightsChanges++;
    if (room === undefined) this.#cached.delete(connection);
    else this.#cached.get(connection)?.delete(room);
  }
}

/** The one refusal for "no such room" and "not yours". */
export function forbidden(path = 'room'): TrunklineError {
  return new TrunklineError('forbidden', 'There is no such room, or it is not yours.', { path });
}
