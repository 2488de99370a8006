import { randomUUID } from 'node:crypto';
import { type AckedRoom, TrunklineError } from '@trunkline/protocol';
import type { Command, Reply } from '../seams/dialect.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { forbidden, type Grants } from './grants.js';
import type { PublishOrder } from './publish-order.js';
import type { Publisher } from './publisher.js';
import type { Receipts } from './receipts.js';
import type { Rooms } from './rooms.js';

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

  /** Starts every append now, in order; resolves with the acknowledgement. Never rejects. */
  start(connection: Connection, command: PublishCommand, order: PublishOrder | null, arrival: number): Promise<Reply> {
    const eventId = randomUUID();
    if (command.rooms.length === 1 && !command.listed) {
      const [room = ''] = command.rooms;
      return this.#toRoom(connection, command, { room, eventId, order, arrival }).then(
        (acked) => ({ type: 'ack', eventId: acked.eventId, rooms: [acked.room] }),
        (error: unknown) => ({ type: 'error', error: this.#refusal(error) }),
      );
    }
    const appends = command.rooms.map((room) =>
      this.#toRoom(connection, command, { room, eventId, order, arrival }).catch((error: unknown) => ({
        eventId,
        room: { room, error: this.#refusal(error).toBody() },
      })),
    );
    return Promise.all(appends).then(
      (acked): Reply => ({ type: 'ack', eventId: acked[0]?.eventId ?? eventId, rooms: acked.map(({ room }) => room) }),
    );
  }

  async #toRoom(
    connection: Connection,
    command: PublishCommand,
    target: Target,
  ): Promise<{ eventId: string; room: AckedRoom }> {
    const { core, publisher } = this.parts;
    const { room, eventId, order, arrival } = target;
    const { event, data, id } = command;
    const { kind, definition } = publisher.check(room, event, data);
    const grant = this.parts.grants.known(connection, room);
    const membership = connection.memberships.get(room);
    const isMember = membership !== undefined && membership.state !== 'joining';
    if (definition.durable) order?.check(room, id, arrival);
    if (grant === null) {
      const error = new TrunklineError('unavailable', 'Your rights in this room can not be read just now.', {
        retryAfterMs: 1_000,
      });
      if (definition.durable) order?.refuse(room, id, arrival);
      throw error;
    }
    if (!(isMember ? grant.publishAsMember : grant.publish).has(event)) throw forbidden();
    const { userId } = connection.principal;
    const outgoing = {
      room,
      event,
      eventId,
      from: { userId, connectionId: connection.id },
      data,
      key: { userId, id },
      principal: connection.principal,
    };
    if (!definition.durable) {
      publisher.emit(outgoing, kind, definition);
      this.#moveCursor(connection, command, room);
      return { eventId, room: { room } };
    }
    if (connection.unacked >= core.limits.unacked) {
      const error = new TrunklineError(
        'too_many_unacked',
        `Wait for acknowledgements: ${core.limits.unacked} publishes are under way.`,
        { retryAfterMs: 100 },
      );
      order?.refuse(room, id, arrival);
      throw error;
    }
    connection.unacked += 1;
    const startedAt = performance.now();
    try {
      const appended = await publisher.append(outgoing, kind);
      order?.settle(room, id);
      core.observer.acknowledged?.(performance.now() - startedAt);
      const { epoch, offset } = appended;
      return {
        eventId: appended.eventId,
        room: { room, epoch, offset, ...(appended.status === 'duplicate' ? { duplicate: true as const } : {}) },
      };
    } catch (error) {
      if (error instanceof TrunklineError && error.retryable) order?.refuse(room, id, arrival);
      else order?.settle(room, id);
      throw error;
    } finally {
      connection.unacked -= 1;
    }
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

  #refusal(error: unknown): TrunklineError {
    if (error instanceof TrunklineError) {
      this.parts.core.observer.refused?.(error.code);
      return error;
    }
    this.parts.core.logger.error({ err: error }, 'a publish failed');
    return new TrunklineError('internal', 'The server failed; the same id may be sent again.');
  }
}
