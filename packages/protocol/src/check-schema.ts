import { z } from 'zod';
import type { SchemaLike } from './contract-types.js';

/**
 * What is published is what is delivered, so a schema may check but not change a value.
 *
 * @throws {TypeError} one sentence for a schema that transforms or coerces, anywhere inside it
 */
export function checkSchema(where: string, schema: SchemaLike | undefined): void {
  if (schema === undefined) return;
  if (!(schema instanceof z.core.$ZodType)) throw new TypeError(`${where} must be a Zod schema.`);
  z.toJSONSchema(schema, {
    unrepresentable: 'any',
    override: ({ zodSchema }) => {
      if (changesValue(zodSchema)) {
        throw new TypeError(`${where} transforms or coerces: its schema may only check what is sent.`);
      }
    },
  });
}

function changesValue(schema: z.core.$ZodType): boolean {
  const { type, checks } = schema._zod.def;
  if (type === 'pipe' || type === 'transform') return true;
  if ('coerce' in schema._zod.def && schema._zod.def.coerce === true) return true;
  return checks?.some((check) => check._zod.def.check === 'overwrite') ?? false;
}
