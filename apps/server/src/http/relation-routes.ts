import { isRoomName, TrunklineError } from '@trunkline/protocol';
import { z } from 'zod';
import type { ApiContext } from './api-context.js';
import type { Api } from './zod-schemas.js';

const object = z.string().refine(isRoomName, 'must be a room name, kind:id');
const relation = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'must be a word');
const user = z.string().min(1).max(128);
const fact = z.object({ object, relation, user });
const filter = z.object({
  object: object.optional(),
  relation: relation.optional(),
  user: user.optional(),
  kind: z.string().max(32).optional(),
});

/** Facts `object#relation@user`. With a relation webhook, a change only tells us to forget what we cached. */
export function relationRoutes(app: Api, { hub, guard }: ApiContext): void {
  const service = { onRequest: guard.role('service', 'admin') };

  app.put(
    '/v1/relations',
    { ...service, schema: { tags: ['Relations'], summary: 'State a fact', body: fact } },
    async ({ body }) => ({
      ...body,
      changed: await hub.directory.change({ ...body, present: true }),
    }),
  );

  app.delete(
    '/v1/relations',
    {
      ...service,
      schema: {
        tags: ['Relations'],
        summary: 'Withdraw a fact, given in the body or the query',
        described: { body: fact, querystring: fact.partial() },
      },
    },
    async (request) => {
      const given = fact.safeParse(request.body ?? request.query);
      if (!given.success)
        throw new TrunklineError('invalid_data', 'Give object, relation and user.', {
          path: String(given.error.issues[0]?.path[0] ?? 'body'),
        });
      return { ...given.data, changed: await hub.directory.change({ ...given.data, present: false }) };
    },
  );

  app.get(
    '/v1/relations',
    {
      ...service,
      schema: { tags: ['Relations'], summary: 'Facts of an object, or objects of a user', querystring: filter },
    },
    async ({ query }) => ({
      relations: await read(query),
    }),
  );

  async function read(wanted: z.output<typeof filter>) {
    if (wanted.object !== undefined) {
      const facts = await hub.directory.relationsOf(wanted.object);
      return facts.filter(
        (found) => (wanted.relation ?? found.relation) === found.relation && (wanted.user ?? found.user) === found.user,
      );
    }
    const { user: who, relation: what, kind } = wanted;
    if (who === undefined || what === undefined || kind === undefined) {
      throw new TrunklineError('invalid_data', 'Give object; or user, relation and kind.', { path: 'object' });
    }
    const objects = await hub.directory.objectsOf(who, what, kind);
    return objects.map((found) => ({ object: found, relation: what, user: who }));
  }
}
