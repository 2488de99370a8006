import { z } from 'zod';
import type { AdminContext, ApiContext } from '../http/api-context.js';
import { principalOf } from '../http/bearer.js';
import { broadcastBody, rosterPage, rosterQuery } from '../http/operator-routes.js';
import { userParams } from '../http/shapes.js';
import type { Api } from '../http/zod-schemas.js';
import { createAdminSession } from './admin-session.js';

const text = (max: number) => z.string().min(1).max(max);
const login = z.union(
  [z.strictObject({ token: text(16_384) }), z.strictObject({ name: text(128), password: text(1_024) })],
  'Give token, or name and password.',
);

/** What the dashboard at /admin asks for. Not part of the HTTP API: it changes with the page. */
export function adminRoutes(app: Api, { admin, ...context }: ApiContext & { readonly admin: AdminContext }): void {
  const { hub, tickets } = context;
  const session = createAdminSession(context);
  const asAdmin = { onRequest: session.guard };
  const ownPage = { onRequest: session.ownPage };

  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/admin/api/')) reply.header('cache-control', 'no-store');
  });

  app.post('/admin/login', { ...ownPage, schema: { hide: true, body: login } }, async (request, reply) =>
    reply
      .header('set-cookie', await session.login(request.body, request.ip))
      .header('cache-control', 'no-store')
      .code(204)
      .send(),
  );
  app.post('/admin/logout', { ...ownPage, schema: { hide: true } }, (_, reply) =>
    reply.header('set-cookie', session.logout).code(204).send(),
  );

  app.get('/admin/api/overview', { ...asAdmin, schema: { hide: true } }, async (request) => ({
    userId: principalOf(request).userId,
    connections: await hub.roster.count().catch(() => null),
    nodes: await admin.rows(),
  }));
  app.get('/admin/api/connections', { ...asAdmin, schema: { hide: true, querystring: rosterPage } }, ({ query }) =>
    hub.roster.connections(rosterQuery(query)),
  );
  app.get('/admin/api/rooms', { ...asAdmin, schema: { hide: true, querystring: rosterPage } }, ({ query }) =>
    hub.roster.rooms(rosterQuery(query)),
  );
  app.post(
    '/admin/api/users/:id/disconnect',
    { ...asAdmin, schema: { hide: true, params: userParams } },
    ({ params }) => hub.disconnect(params.id),
  );
  app.post(
    '/admin/api/broadcast',
    { ...asAdmin, schema: { hide: true, body: broadcastBody } },
    async ({ body }, reply) => {
      await hub.broadcast(body.type, body.data);
      return reply.code(204).send();
    },
  );
  // For the socket of the live tail: the page itself never sees a token.
  app.post('/admin/api/tickets', { ...asAdmin, schema: { hide: true } }, (request) =>
    tickets.issue(principalOf(request)),
  );
}
