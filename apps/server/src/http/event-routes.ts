import { parseRoomName, TrunklineError } from '@trunkline/protocol';
import type { LoggedEvent, Published } from '@trunkline/server';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from './api-context.js';
import { principalOf } from './bearer.js';
import { withBody, withoutBody } from './openapi.js';
import { eventId, eventName, limitOf, offset, roomName, roomParams } from './shapes.js';
import type { Api } from './zod-schemas.js';

const publication = z.object({ type: eventName, data: z.unknown(), id: eventId.optional() });
const batch = z.object({
  events: z
    .array(publication.extend({ room: z.string() }))
    .min(1)
    .max(100),
});
const idempotencyKey = z.object({
  'idempotency-key': eventId.optional().meta({ description: 'Acts once for one key, like the id in the body.' }),
});
const query = z.object({ after: offset.optional(), before: offset.optional(), limit: limitOf(1_000, 100) });

/** Publishing, history and purge. */
export function eventRoutes(app: Api, { hub, guard }: ApiContext): void {
  const publisher = { onRequest: guard.role('service', 'admin') };
  const admin = { onRequest: guard.role('admin') };

  app.post(
    '/v1/rooms/:room/events',
    {
      ...publisher,
      schema: {
        tags: ['Events'],
        summary: 'Publish one event',
        params: roomParams,
        body: publication,
        described: { headers: idempotencyKey },
        response: {
          200: withBody('It is in the log, or was sent if its kind keeps none.'),
          202: withBody(
            'Redis is away: it was given to the members on this node, and is kept until it can be appended.',
          ),
        },
      },
    },
    async (request, reply) => {
      const room = roomName(request.params.room);
      const published = await publish(request, { ...request.body, room }, keyOf(request, request.body.id));
      return reply.code(published.provisional ? 202 : 200).send(receipt(published));
    },
  );

  app.post(
    '/v1/events',
    {
      ...publisher,
      schema: {
        tags: ['Events'],
        summary: 'Publish up to 100 events, each for itself',
        body: batch,
        described: { headers: idempotencyKey },
        response: { 200: withBody('A result for each event, in order: its receipt, or its error.') },
      },
    },
    async (request) => {
      const { events } = request.body;
      for (const [index, { room }] of events.entries()) roomName(room, `events.${index}.room`);
      const key = keyOf(request, undefined);
      // Started in order, which is the order within each room.
      const settled = await Promise.allSettled(
        events.map((event, index) => publish(request, event, event.id ?? (key && `${key}.${index}`))),
      );
      return {
        results: settled.map((result) =>
          result.status === 'fulfilled' ? receipt(result.value) : { error: asBody(result.reason) },
        ),
      };
    },
  );

  app.get(
    '/v1/rooms/:room/events',
    {
      ...admin,
      schema: {
        tags: ['Events'],
        summary: 'Read the log of a room, oldest first',
        description:
          'A page may hold fewer events than asked for (it ends early past 8 MiB); the end is reached when it is empty.',
        params: roomParams,
        querystring: query,
      },
    },
    async (request) => {
      const room = roomName(request.params.room);
      const { after, before, limit } = request.query;
      if (after !== undefined && before !== undefined)
        throw new TrunklineError('invalid_data', 'Give after or before, not both.', { path: 'after' });
      const page = await hub.history(room, {
        limit,
        ...(after === undefined ? {} : { after }),
        ...(before === undefined ? {} : { before }),
      });
      return {
        events: page.entries.map((event) => eventBody(room, event)),
        position: page.head,
        trimmedOffset: page.trimmed.offset,
      };
    },
  );

  app.delete(
    '/v1/rooms/:room',
    {
      ...admin,
      schema: {
        tags: ['Events'],
        summary: 'Purge the log of a room; members are told of the gap',
        params: roomParams,
        response: { 204: withoutBody('Purged.') },
      },
    },
    async (request, reply) => {
      await hub.purge(roomName(request.params.room));
      return reply.code(204).send();
    },
  );

  async function publish(
    request: FastifyRequest,
    event: { room: string; type: string; data?: unknown },
    id: string | undefined,
  ): Promise<Published> {
    const { roles, userId } = principalOf(request);
    // The delivery proof's rooms: a service may publish in all others.
    if (parseRoomName(event.room)?.kind === 'verify' && !roles.includes('admin'))
      throw new TrunklineError('forbidden', 'Rooms of this kind are for admins.', { path: 'room' });
    const published = hub.publish({
      rooms: [event.room],
      event: event.type,
      data: event.data,
      from: { service: userId },
      ...(id === undefined ? {} : { id }),
    });
    return published.catch((error: unknown) => {
      throw inOurWords(error, id !== undefined);
    });
  }
}

/** The id of the body or the header; both must agree. */
function keyOf(request: FastifyRequest, id: string | undefined): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return id;
  const key = eventId.safeParse(header);
  if (!key.success)
    throw new TrunklineError('invalid_data', 'Idempotency-Key must be 1 to 128 printable characters without spaces.', {
      path: 'idempotency-key',
    });
  if (id !== undefined && id !== key.data)
    throw new TrunklineError('invalid_data', 'id and Idempotency-Key differ; give one.', { path: 'id' });
  return key.data;
}

/** What the hub calls `event` is the field `type` here, and what came without an id has none to be sent again under. */
function inOurWords(error: unknown, hasId: boolean): unknown {
  if (!(error instanceof TrunklineError)) return error;
  if (error.path === 'event') return TrunklineError.from({ ...error.toBody(), path: 'type' });
  if (hasId || error.code !== 'unknown_outcome') return error;
  return new TrunklineError(
    'unknown_outcome',
    'It is not known whether the log holds this event: look before you retry, and give an id.',
  );
}

function receipt({ eventId: id, rooms, provisional }: Published) {
  if (provisional) return { id, provisional };
  const [place] = rooms;
  if (place?.error) throw TrunklineError.from(place.error);
  return { id, epoch: place?.epoch, offset: place?.offset, duplicate: place?.duplicate };
}

function eventBody(room: string, { ref: _, ...event }: LoggedEvent) {
  return { type: event.event, room, ...event };
}

function asBody(reason: unknown) {
  const error =
    reason instanceof TrunklineError ? reason : new TrunklineError('internal', 'Something went wrong on our side.');
  return error.toBody();
}
