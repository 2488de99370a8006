import { contractJsonSchema } from '@trunkline/protocol/contract';
import { Registry } from 'prom-client';
import type { ApiContext } from './api-context.js';
import { withBody } from './openapi.js';
import type { Api } from './zod-schemas.js';

/** For load balancers, Prometheus, and whoever wants to know what is spoken here. */
export function healthRoutes(app: Api, { guard, hub, metrics, production, readiness }: ApiContext): void {
  app.get('/healthz', { schema: { tags: ['Health'], summary: 'The process lives' } }, () => ({ status: 'ok' }));

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['Health'],
        summary: 'This node takes traffic; 503 when it does not',
        response: { 200: withBody('It does.'), 503: withBody('It does not, and why.') },
      },
    },
    async (_, reply) => {
      const { ready, status, reason } = readiness();
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status, ...(reason === undefined ? {} : { reason }) });
    },
  );

  const protection = production ? { onRequest: guard.role('admin', 'service') } : {};
  app.get(
    '/metrics',
    {
      ...protection,
      schema: {
        tags: ['Health'],
        summary: 'Figures for Prometheus (open in development)',
        response: { 200: withBody('Figures.', 'text/plain') },
      },
    },
    async (_, reply) => reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await metrics()),
  );

  const contract = contractJsonSchema(hub.contract);
  app.get(
    '/contract.json',
    {
      ...protection,
      schema: { tags: ['Health'], summary: 'Rooms, events, actions and calls as JSON Schema (open in development)' },
    },
    () => contract,
  );
}
