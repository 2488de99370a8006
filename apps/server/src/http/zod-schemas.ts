import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { inspectJson, TrunklineError } from '@trunkline/protocol';
import type { FastifyBaseLogger, FastifyInstance, FastifySchema, FastifyTypeProvider } from 'fastify';
import { z } from 'zod';

/** Routes state their shapes in Zod; types, validation and openapi.json come from there. */
export interface ZodTypeProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  readonly serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown;
}
export type Api = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

const JSON_DEPTH = 64;

/** Answers a flaw by the path of the offending field, never its value. */
export function useZodSchemas(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (value: unknown) => {
    const flaw = httpPart === 'body' ? inspectJson(value, JSON_DEPTH, 'body') : null;
    if (flaw)
      return {
        error: new TrunklineError(
          'invalid_data',
          'The body nests too deep, has an object with too many keys, or holds a key or number that is not taken.',
          { path: flaw.path },
        ),
      };
    const result = schema.safeParse(value);
    return result.success ? { value: result.data } : { error: flawOf(result.error) };
  });
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
}

function flawOf(error: z.ZodError): TrunklineError {
  const [issue] = error.issues;
  const path = issue?.path.map(String).join('.');
  return new TrunklineError(
    'invalid_data',
    issue?.message ?? 'The request does not have the right shape.',
    path ? { path } : {},
  );
}

/** A route's schema as OpenAPI wants it: every Zod part as JSON Schema of what a caller sends. */
export function toJsonSchemas(schema: FastifySchema): FastifySchema {
  return Object.fromEntries(
    Object.entries(schema).map(([part, value]) => [part, value instanceof z.ZodType ? convert(value) : value]),
  );
}

function convert(value: z.ZodType): unknown {
  const { $schema: _, ...schema } = z.toJSONSchema(value, {
    io: 'input',
    // Zod leaves out the default of what it transforms.
    override: ({ zodSchema, jsonSchema }) => Object.assign(jsonSchema, z.globalRegistry.get(zodSchema)),
    target: 'openapi-3.0',
    unrepresentable: 'any',
  });
  return schema;
}
