import { type AckedRoom, createId, type From, TrunklineError } from '@trunkline/protocol';
import type { Published, ServicePublication } from '../seams/dialect.js';
import { eventIdFor, type Publisher } from './publisher.js';

/** Publishing by services: HTTP, a dialect's own backend functions, the embedding application. No policy, all of the contract. */
export class ServicePublisher {
  constructor(private readonly publisher: Publisher) {}

  /**
   * One append a room under one event id. Returns as soon as every room is held, or shown provisionally.
   *
   * @throws {TrunklineError} the first room's refusal when no room took it
   */
  async publish(publication: ServicePublication): Promise<Published> {
    const { rooms, event, data, id } = publication;
    const eventId = eventIdFor(id);
    // Everything is checked before anything is done.
    const checked = rooms.map((room) => ({ room, ...this.publisher.check(room, event, data) }));
    if (checked.length === 0)
      throw new TrunklineError('invalid_data', 'A publication needs a room.', { path: 'rooms' });
    const from = publication.from ?? { service: 'hub' };
    let provisional = false;
    const results = await Promise.all(
      checked.map(async ({ room, kind, definition }): Promise<{ acked: AckedRoom; eventId: string }> => {
        const outgoing = {
          room,
          event,
          eventId,
          from,
          data,
          key: { userId: keeperOf(from), id: id ?? createId() },
          principal: null,
        };
        if (!definition.durable) {
          const { key: _, ...unkeyed } = outgoing;
          this.publisher.emit(unkeyed, kind, definition, publication.scope);
          return { acked: { room }, eventId };
        }
        return new Promise((resolve, reject) => {
          const onProvisional = () => {
            provisional = true;
            resolve({ acked: { room }, eventId });
          };
          Promise.resolve(this.publisher.append({ ...outgoing, onProvisional }, kind)).then(
            ({ epoch, offset, status, eventId: held }) => {
              resolve({
                acked: { room, epoch, offset, ...(status === 'duplicate' ? { duplicate: true as const } : {}) },
                eventId: held,
              });
            },
            reject,
          );
        });
      }),
    );
    return {
      eventId: results[0]?.eventId ?? eventId,
      rooms: results.map(({ acked }) => acked),
      ...(provisional ? { provisional: true as const } : {}),
    };
  }
}

/** Whose idempotency keys these are: each service has its own, and none has a user's. */
function keeperOf(from: From): string {
  return `\u0000service\n${'service' in from ? from.service : ''}`;
}
