import { type AckedRoom, TrunklineError } from '@trunkline/protocol';
import type { Command, Reply } from '../seams/session.js';
import { createUuid, deriveUuid } from '../uuid.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { KindRules } from './event-rules.js';
import { forbidden, type Grants } from './grants.js';
import type { PublishOrder } from './publish-order.js';
import type { Outgoing, Publisher, Taken } from './publisher.js';
import type { Receipts } from './receipts.js';
import type { Rooms } from './rooms.js';
import { inUsersWords } from './users-words.js';

type PublishCommand = Command & { readonly type: 'publish' };

export interface PublishParts {
  readonly core: Core;
  readonly rooms: Rooms;
  readonly grants: Grants;
  readonly publisher: Publisher;
  readonly receipts: Receipts;
}

interface Target {
  readonly room: string;
  readonly eventId: string;
  /** null: this client knows no ids, so it can not send a refused one again. */
  readonly order: PublishOrder | null;
  readonly arrival: number;
}

/** A durable publish on its way to the log. */
interface Started {
  readonly room: string;
  readonly id: string;
  readonly order: PublishOrder | null;
  readonly arrival: number;
  /** By `performance.now()`. */
  readonly at: number;
}

/** What became of a publish in one room. */
interface Placed {
  readonly eventId: string;
  readonly room: AckedRoom;
  readonly error: TrunklineError | null;
}

/** A publish command of one connection, for one room or several under one event id. */
export class PublishCommands {
  constructor(private readonly parts: PublishParts) {}

  /** True when every grant is at hand, so that the publish starts without waiting. */
  isReady(connection: Connection, command: PublishCommand): boolean {
    return command.rooms.every((room) => this.parts.grants.known(connection, room) !== null);
  }

  /** Fetches the grants that are missing. Rooms that can not be judged are refused by {@link start}. */
  async prepare(connection: Connection, command: PublishCommand): Promise<void> {
    for (const room of command.rooms) {
      if (this.parts.grants.known(connection, room) === null)
        await this.parts.grants.ask(connection, room).catch(() => undefined);
    }
  }

  /** Starts every append now, in order; answers with the acknowledgement. Never throws and never rejects. */
  start(
    connection: Connection,
    command: PublishCommand,
    order: PublishOrder | null,
    arrival: number,
  ): Reply | Promise<Reply> {
    const eventId = command.listed ? deriveUuid(`${connection.principal.userId}\n${command.id}`) : createUuid();
    const [only = ''] = command.rooms;
    if (command.rooms.length === 1 && !command.listed) {
      const placed = this.#toRoom(connection, command, { room: only, eventId, order, arrival });
      return placed instanceof Promise ? placed.then(single) : single(placed);
    }
    const placed = command.rooms.map((room) => this.#toRoom(connection, command, { room, eventId, order, arrival }));
    return Promise.all(placed).then(
      (all): Reply => ({
        type: 'ack',
        eventId: all[0]?.eventId ?? eventId,
        rooms: all.map(({ room, error }) => (error === null ? room : { ...room, error: error.toBody() })),
      }),
    );
  }

  #toRoom(connection: Connection, command: PublishCommand, target: Target): Placed | Promise<Placed> {
    try {
      const placed = this.#place(connection, command, target);
      return placed instanceof Promise ? placed.catch((error) => this.#refused(target, error)) : placed;
    } catch (error) {
      return this.#refused(target, error);
    }
  }

  #place(connection: Connection, command: PublishCommand, target: Target): Placed | Promise<Placed> {
    const { publisher } = this.parts;
    const { order, arrival } = target;
    const { event, id } = command;
    const { principal } = connection;
    const membership = connection.memberships.get(target.room);
    // A member's room was parsed when it joined, and every Map finds its own name without comparing characters.
    const room = membership?.room.name ?? target.room;
    const checked = publisher.check(room, event, command.data, principal.userId, membership?.room.rules);
    const { kind, definition, data } = checked;
    const eventId = eventIdIn(kind, command, connection) ?? target.eventId;
    const isMember = membership !== undefined && membership.state !== 'joining';
    const grant = membership?.grant ?? this.parts.grants.known(connection, room);
    if (definition.durable) order?.check(room, id, arrival);
    if (grant === null) {
      if (definition.durable) order?.refuse(room, id, arrival);
      throw new TrunklineError('unavailable', 'Your rights in this room can not be read just now.', {
        retryAfterMs: 1_000,
      });
    }
    if (!(isMember ? grant.publishAsMember : grant.publish).has(event)) throw forbidden();
    const key = { userId: principal.userId, id };
    const outgoing = { room, event, eventId, from: connection.from, data, key, principal };
    if (definition.durable) return this.#append(connection, outgoing, kind, target, id);
    publisher.emit(outgoing, kind, definition);
    this.#moveCursor(connection, command, room);
    return { eventId, room: { room }, error: null };
  }

  #append(
    connection: Connection,
    outgoing: Outgoing,
    kind: KindRules,
    { room, order, arrival }: Target,
    id: string,
  ): Placed | Promise<Placed> {
    const { core, publisher } = this.parts;
    if (connection.unacked >= core.limits.unacked) {
      order?.refuse(room, id, arrival);
      throw new TrunklineError(
        'too_many_unacked',
        `Wait for acknowledgements: ${core.limits.unacked} publishes are under way.`,
        { retryAfterMs: 100 },
      );
    }
    const started: Started = { room, id, order, arrival, at: performance.now() };
    let appended: Taken | Promise<Taken>;
    try {
      appended = publisher.append(outgoing, kind);
    } catch (error) {
      return failed(started, error);
    }
    return appended instanceof Promise
      ? this.#settle(connection, started, appended)
      : this.#acknowledged(started, appended);
  }

  /** Apart, so that a publish which is answered at once makes no closures. */
  #settle(connection: Connection, started: Started, appended: Promise<Taken>): Promise<Placed> {
    connection.unacked += 1;
    return appended
      .then(
        (taken) => this.#acknowledged(started, taken),
        (error) => failed(started, error),
      )
      .finally(() => {
        connection.unacked -= 1;
      });
  }

  #acknowledged({ room, id, order, at }: Started, { epoch, eventId, offset, status }: Taken): Placed {
    order?.settle(room, id);
    this.parts.core.observer.acknowledged?.(performance.now() - at);
    const acked = status === 'duplicate' ? { room, epoch, offset, duplicate: true as const } : { room, epoch, offset };
    return { eventId, room: acked, error: null };
  }

  /** The wire documents' `read {message_id}` moves the reader's receipt cursor too. */
  #moveCursor(connection: Connection, { event, data }: PublishCommand, name: string): void {
    const room = this.parts.rooms.get(name);
    if (event !== 'read' || room === undefined || typeof data !== 'object' || data === null) return;
    const messageId = 'message_id' in data ? data.message_id : undefined;
    if (typeof messageId !== 'string') return;
    this.parts.receipts.advanceById(room, connection.principal.userId, messageId).catch((error: unknown) => {
      this.parts.core.logger.debug({ err: error }, 'a read cursor was not moved');
    });
  }

  #refused({ room, eventId }: Target, error: unknown): Placed {
    if (error instanceof TrunklineError) {
      this.parts.core.observer.refused?.(error.code);
      if (error.code === 'internal') this.parts.core.logger.error({ err: error }, 'a publish failed');
      return { eventId, room: { room }, error: inUsersWords(error) };
    }
    this.parts.core.logger.error({ err: error }, 'a publish failed');
    const failure = new TrunklineError('internal', 'The server failed; the same id may be sent again.');
    return { eventId, room: { room }, error: failure };
  }
}

/** What may be shown before the log has it is the same event when it is sent again, here or on another node. */
function eventIdIn(
  { definition }: KindRules,
  { listed, id, rooms }: PublishCommand,
  { principal }: Connection,
): string | null {
  if (listed || definition.whenDegraded !== 'provisional') return null;
  return deriveUuid(`${rooms[0]}\n${principal.userId}\n${id}`);
}

/** Whether it may come again decides if those after it wait. @throws `error` */
function failed({ room, id, order, arrival }: Started, error: unknown): never {
  if (error instanceof TrunklineError && error.retryable) order?.refuse(room, id, arrival);
  else order?.settle(room, id);
  throw error;
}

function single({ eventId, room, error }: Placed): Reply {
  return error === null ? { type: 'ack', eventId, rooms: [room] } : { type: 'error', error };
}
