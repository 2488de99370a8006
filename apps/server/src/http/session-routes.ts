import type { Revocation, Spread } from '@trunkline/server';
import type { FastifyReply } from 'fastify';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { z } from 'zod';
import { consume } from '../accounts/consume.js';
import type { ApiContext } from './api-context.js';
import { principalOf } from './bearer.js';
import { withBody, withoutBody } from './openapi.js';
import { userParams } from './shapes.js';
import type { Api } from './zod-schemas.js';

/** Seconds since 1970 as in `iat`, or ISO 8601; becomes milliseconds. */
const moment = z.union([
  z
    .number()
    .min(0)
    .max(99_999_999_999)
    .transform((seconds) => seconds * 1_000),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);
const revocation = z.union(
  [
    z.strictObject({ jti: z.string().min(1).max(512), expires_at: moment.optional() }),
    z.strictObject({
      subject: z.string().min(1).max(128),
      issued_before: moment.optional(),
      expires_at: moment.optional(),
    }),
  ],
  'Give jti, or subject (with issued_before: only tokens older than that).',
);

const spread = {
  202: withBody('This node acted; the others do when Redis is back.'),
  204: withoutBody('Every node acts.'),
};

/** More than pages connect; a store without Redis holds 10 000 in all, and one user's may not push out the others'. */
const TICKETS_PER_USER = 100;

/** Ending sessions, and one-time tickets. */
export function sessionRoutes(app: Api, { hub, guard, tickets }: ApiContext): void {
  const admin = { onRequest: guard.role('admin') };
  const ticketsOf = new RateLimiterMemory({ points: TICKETS_PER_USER, duration: 30 });

  app.post(
    '/v1/users/:id/disconnect',
    {
      ...admin,
      schema: {
        tags: ['Sessions'],
        summary: 'Close every connection of a user',
        params: userParams,
        response: spread,
      },
    },
    async (request, reply) => {
      return answer(reply, await hub.disconnect(request.params.id));
    },
  );

  app.post(
    '/v1/tokens/revoke',
    {
      ...admin,
      schema: { tags: ['Sessions'], summary: 'Refuse tokens from now on', body: revocation, response: spread },
    },
    async (request, reply) => {
      return answer(reply, await hub.revoke(asRevocation(request.body)));
    },
  );

  app.post(
    '/v1/tickets',
    {
      onRequest: guard.user,
      schema: {
        tags: ['Sessions'],
        summary: 'A stand-in for your token: once, within 30 seconds',
        response: { 201: withBody('The ticket.'), 429: withBody('Too many of them in half a minute.') },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      await consume(ticketsOf, principal.userId, 'You have many tickets; use them first.');
      const { ticket, expiresIn } = await tickets.issue(principal);
      return reply.code(201).header('cache-control', 'no-store').send({ ticket, expires_in: expiresIn });
    },
  );
}

function answer(reply: FastifyReply, { recorded }: Spread): FastifyReply {
  return recorded ? reply.code(204).send() : reply.code(202).send({ status: 'pending' });
}

function asRevocation(body: z.output<typeof revocation>): Revocation {
  const end = body.expires_at === undefined ? {} : { expiresAt: body.expires_at };
  if ('jti' in body) return { tokenId: body.jti, ...end };
  return {
    userId: body.subject,
    ...(body.issued_before === undefined ? {} : { issuedBefore: body.issued_before }),
    ...end,
  };
}
