import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import type { z } from 'zod';
import { toJsonSchemas } from './zod-schemas.js';

declare module 'fastify' {
  interface FastifySchema {
    /** What the handler itself checks, in words of its own: shown in openapi.json, and never a reason to refuse. */
    readonly described?: Partial<Record<'body' | 'headers' | 'querystring', z.ZodType>>;
  }
}

const METHODS = ['delete', 'get', 'post', 'put'] as const;
const text = { type: 'string' } as const;
const whole = { type: 'integer' } as const;
const flag = { type: 'boolean' } as const;
const problem = {
  description: 'What is wrong, and its cure (RFC 9457).',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object' as const,
        required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
        properties: {
          type: text,
          title: text,
          status: whole,
          detail: text,
          code: text,
          retryable: flag,
          path: text,
          retryAfterMs: whole,
          retrySafe: flag,
        },
      },
    },
  },
};

/** For a route's `response`: an answer with a body, by default a JSON object. */
export const withBody = (description: string, contentType = 'application/json') => ({
  description,
  content: { [contentType]: { schema: contentType === 'application/json' ? { type: 'object' } : text } },
});
/** For a route's `response`: an answer without a body. */
export const withoutBody = (description: string) => ({ description, type: 'null' });

/** Registers before the routes; `/openapi.json` then describes them. */
export async function useOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: { title: 'Trunkline', version: '1', description: 'Publish, read and operate.' },
      components: {
        responses: { problem },
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => ({ schema: describe(schema ?? {}, route), url }),
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made.swaggerObject;
      for (const path of Object.values(made.openapiObject.paths ?? {}))
        for (const method of METHODS) {
          const operation = path?.[method];
          if (!operation) continue;
          operation.responses.default = { $ref: '#/components/responses/problem' };
          // The plugin wants every body; ours may come in the query instead.
          if (method === 'delete' && operation.requestBody) Object.assign(operation.requestBody, { required: false });
        }
      return made.openapiObject;
    },
  });
  app.get('/openapi.json', () => app.swagger());
}

function describe({ described, ...checked }: FastifySchema, { onRequest }: RouteOptions): FastifySchema {
  return toJsonSchemas({
    response: { 200: withBody('Done.') },
    ...checked,
    ...described,
    // A guard is all that our routes have there.
    security: onRequest === undefined ? [] : [{ bearer: [] }],
  });
}
