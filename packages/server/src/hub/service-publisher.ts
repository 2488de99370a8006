import { type AckedRoom, createId, type From, TrunklineError } from '@trunkline/protocol';
import { digestPayload } from '../broker/payload-digest.js';
import type { Published, ServicePublication } from '../seams/gateway.js';
import { createUuid, deriveUuid } from '../uuid.js';
import type { Core } from './core.js';
import { plainJson } from './plain-json.js';
import type { Publisher } from './publisher.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What an event's id stands for. */
type Identified = Pick<ServicePublication, 'rooms' | 'event' | 'data'> & { readonly id: string | undefined };

/** Publishing by services: HTTP, a dialect's own backend functions, the embedding application. No policy, all of the contract. */
export class ServicePublisher {
  constructor(
    private readonly core: Core,
    private readonly publisher: Publisher,
  ) {}

  /**
   * One append a room under one event id. Returns as soon as every room is held, or shown provisionally.
   *
   * @throws {TrunklineError} `too_large`, `invalid_data`, or the first room's refusal when no room took it
   */
  async publish(publication: ServicePublication): Promise<Published> {
    const { rooms, event, id } = publication;
    const data = plainJson(publication.data, this.core.limits.maxMessageBytes);
    const from = publication.from ?? { service: 'hub' };
    const userId = keeperOf(from);
    // Everything is checked before anything is done.
    const checked = rooms.map((room) => ({ room, ...this.publisher.check(room, event, data) }));
    if (checked.length === 0)
      throw new TrunklineError('invalid_data', 'A publication needs a room.', { path: 'rooms' });
    const eventId = eventIdOf(userId, { rooms, event, data, id });
    let provisional = false;
    const results = await Promise.all(
      checked.map(async ({ room, kind, definition }): Promise<{ acked: AckedRoom; eventId: string }> => {
        const outgoing = {
          room,
          event,
          eventId,
          from,
          data,
          key: { userId, id: id ?? createId() },
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

/**
 * The event's id: the caller's when it is a UUID, which stands for one event wherever it is published. One that comes
 * again before the log knows it has the same. Another payload, which only a later window takes under the same id, is
 * another event: it would not be shown to those who know an event by its id.
 */
function eventIdOf(userId: string, { rooms, event, data, id }: Identified): string {
  if (id === undefined) return createUuid();
  return UUID.test(id) ? id : deriveUuid([userId, ...rooms, id, digestPayload({ event, data })].join('\n'));
}
