import { parseRoomName, type RoomRequest, TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { RelationChange } from '../seams/directory.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { Membership } from './hub-room.js';
import type { Joining } from './joining.js';

/** The rooms that a connection is in without asking: those that its kind makes automatic, and those it lost as stale. */
export class OwnRooms {
  /** Whose rooms could not be read when they were to be joined, or were lost because of that. */
  readonly #lacking = new Set<Connection>();
  /** Two at once would tell a client twice what it joined. */
  readonly #restoring = new Set<Connection>();

  constructor(
    private readonly core: Core,
    private readonly joining: Joining,
  ) {}

  /**
   * Joins what is missing of the automatic rooms, but what the client left itself. @returns those joined
   *
   * @throws {TrunklineError} the directory's, once the rooms that ask it nothing are joined
   */
  async join(connection: Connection): Promise<string[]> {
    if (!connection.options.autoJoin || connection.principal.anonymous) return [];
    try {
      const own = await this.#joinMissing(connection, this.#ofUser(connection.principal));
      return [...own, ...(await this.#joinMissing(connection, await this.#related(connection.principal)))];
    } catch (error) {
      this.#later(connection, error);
      throw error;
    }
  }

  /** Joins those of the rooms that the connection is not in and may be in. @returns them */
  async joinAll(connection: Connection, rooms: readonly string[]): Promise<string[]> {
    const joined: string[] = [];
    for (const room of rooms) {
      if (connection.memberships.has(room)) continue;
      const asked = await this.joining.ask(connection, room).catch((error: unknown) => this.#later(connection, error));
      if (!asked?.grant.join || connection.memberships.has(room)) continue;
      if (await this.joining.join(connection, { room }, asked)) joined.push(room);
    }
    return joined;
  }

  /** A relation more: its object is joined where it makes a room automatic, left before or not. */
  async gained(connection: Connection, { object, relation }: RelationChange): Promise<void> {
    const kind = this.core.rules.kinds.get(parseRoomName(object)?.kind ?? '');
    if (!connection.options.autoJoin || kind?.definition.autoJoin !== `relation:${relation}`) return;
    connection.declined?.delete(object);
    await this.joinAll(connection, [object]);
  }

  /** A room is about to be taken as stale: it is joined again, from its place on, where the format can not do that. */
  willLose({ connection, room, state, blind }: Membership): void {
    if (!connection.options.rejoin) return;
    // At the head for who was still catching up, or never had a place.
    const hasPlace = state === 'live' && !blind;
    connection.stale ??= new Map();
    connection.stale.set(room.name, { room: room.name, ...(hasPlace && { position: room.feed.position }) });
    this.#lacking.add(connection);
  }

  /** Joins what the connection is not in, as far as it may. What can not be read yet stays for the next time. */
  async restore(connection: Connection): Promise<void> {
    if (this.#restoring.has(connection)) return;
    this.#restoring.add(connection);
    await this.#rejoin(connection).catch((error: unknown) => this.#later(connection, error));
    await this.join(connection).catch(() => undefined);
    this.#restoring.delete(connection);
  }

  /** Where rooms could not be read they are asked for again, until one can not be read: most likely no other can. */
  async restoreLacking(): Promise<void> {
    for (const connection of this.#lacking) if (!connection.isOpen) this.#lacking.delete(connection);
    for (const connection of [...this.#lacking]) {
      this.#lacking.delete(connection);
      await this.restore(connection);
      if (this.#lacking.has(connection)) break;
    }
  }

  async #rejoin(connection: Connection): Promise<void> {
    const { stale = new Map<string, RoomRequest>() } = connection;
    for (const [room, request] of stale) {
      const asked = await this.joining.ask(connection, room);
      // The client may have left or joined it meanwhile.
      if (!stale.delete(room) || !asked.grant.join) continue;
      try {
        await this.joining.join(connection, request, asked);
      } catch (error) {
        stale.set(room, request);
        throw error;
      }
    }
  }

  #ofUser({ userId }: Principal): string[] {
    const kinds = [...this.core.rules.kinds.values()].filter(({ definition }) => definition.autoJoin === 'self');
    return kinds.map(({ kind }) => `${kind}:${userId}`);
  }

  async #related({ userId }: Principal): Promise<string[]> {
    const rooms: string[] = [];
    for (const { kind, definition } of this.core.rules.kinds.values()) {
      if (!definition.autoJoin || definition.autoJoin === 'self') continue;
      const relation = definition.autoJoin.slice('relation:'.length);
      rooms.push(...(await this.core.directory.objectsOf(userId, relation, kind)));
    }
    return rooms;
  }

  #joinMissing(connection: Connection, rooms: readonly string[]): Promise<string[]> {
    return this.joinAll(
      connection,
      rooms.filter((room) => !connection.declined?.has(room)),
    );
  }

  #later(connection: Connection, error: unknown): null {
    this.core.logger.debug({ err: error }, 'rooms could not be joined for now');
    // What is refused for good is not asked for again.
    if (error instanceof TrunklineError && error.retryable) this.#lacking.add(connection);
    return null;
  }
}
