import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { toJsonSchemas } from './zod-schemas.js';

/** Registers before the routes; `/openapi.json` then describes them. */
export async function useOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Trunkline',
        version: '1',
        description: 'Publish, read and operate. Errors are RFC 9457 problem documents.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    hideUntagged: true,
    transform: ({ schema, url }) => ({ schema: toJsonSchemas(schema ?? {}), url }),
  });
  app.get('/openapi.json', () => app.swagger());
}
