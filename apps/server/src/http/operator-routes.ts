import { z } from 'zod';
import type { ApiContext } from './api-context.js';
import { withBody } from './openapi.js';
import { eventName, limitOf } from './shapes.js';
import type { Api } from './zod-schemas.js';

/** A page of 1 000 held up the event loop for up to 19 ms where 20 ms are the goal. */
const MOST_ON_PAGE = 500;

/** Which part of a long list. */
export const rosterPage = z.object({
  cursor: z.string().min(1).max(1_024).optional(),
  limit: limitOf(MOST_ON_PAGE, 100),
  prefix: z.string().min(1).max(256).optional(),
});
export const broadcastBody = z.object({ type: eventName, data: z.unknown() });

/** The falcon document's administration, which is also ours. */
export function operatorRoutes(app: Api, { hub, guard, readiness }: ApiContext): void {
  const admin = { onRequest: guard.role('admin') };

  app.get(
    '/websocket/status',
    { schema: { tags: ['Operation'], summary: 'Whether sockets are served (public)' } },
    () => {
      const { ready, status } = readiness();
      return { status, ready, timestamp: new Date().toISOString() };
    },
  );

  app.get(
    '/websocket/connections',
    { ...admin, schema: { tags: ['Operation'], summary: 'Open connections of all nodes', querystring: rosterPage } },
    async ({ query }) => {
      const { items, next } = await hub.roster.connections(rosterQuery(query));
      return { connections: items, total: await hub.roster.count(), next };
    },
  );

  app.get(
    '/websocket/rooms',
    {
      ...admin,
      schema: { tags: ['Operation'], summary: 'Rooms with connections on any node', querystring: rosterPage },
    },
    async ({ query }) => {
      const { items, next } = await hub.roster.rooms(rosterQuery(query));
      return { rooms: items, next };
    },
  );

  app.post(
    '/websocket/broadcast',
    {
      ...admin,
      schema: {
        tags: ['Operation'],
        summary: 'Tell every connection of every node',
        body: broadcastBody,
        response: { 202: withBody('On its way.') },
      },
    },
    async (request, reply) => {
      await hub.broadcast(request.body.type, request.body.data);
      return reply.code(202).send({ status: 'accepted' });
    },
  );
}

export function rosterQuery({ cursor, limit, prefix }: z.output<typeof rosterPage>) {
  return { limit, ...(cursor === undefined ? {} : { cursor }), ...(prefix === undefined ? {} : { prefix }) };
}
