import { z } from 'zod';
import type { SchemaLike } from './contract-types.js';

/** `default` and its like change a value too: the type has what nobody sent. */
const CHANGING: ReadonlySet<string> = new Set(['pipe', 'transform', 'default', 'prefault', 'catch']);
/** JSON makes text, an empty object or an error of it: the type would promise what nobody can send. */
const NOT_JSON: ReadonlySet<string> = new Set([
  'bigint',
  'date',
  'file',
  'function',
  'map',
  'nan',
  'promise',
  'set',
  'symbol',
  'undefined',
  'void',
]);

/**
 * What is published is what is delivered, so a schema may check but not change a value.
 *
 * @throws {TypeError} one sentence for a schema that transforms, coerces, fills in or wants what is no JSON, anywhere inside it, and for
 * one that may be absent as a whole
 */
export function checkSchema(where: string, schema: SchemaLike | undefined): void {
  if (schema === undefined) return;
  if (!(schema instanceof z.core.$ZodType)) throw new TypeError(`${where} must be a Zod schema.`);
  z.toJSONSchema(schema, {
    unrepresentable: 'any',
    override: ({ zodSchema }) => {
      if (changesValue(zodSchema)) {
        throw new TypeError(`${where} transforms, coerces or fills in: its schema may only check what is sent.`);
      }
      const { type } = zodSchema._zod.def;
      if (NOT_JSON.has(type)) {
        throw new TypeError(`${where} has a ${type}, which JSON can not carry: describe what is sent.`);
      }
    },
  });
  if (schema._zod.optin === 'optional') {
    throw new TypeError(`${where} may be absent, which JSON can not say: take z.null() or .nullable().`);
  }
}

function changesValue(schema: z.core.$ZodType): boolean {
  const { type, checks } = schema._zod.def;
  if (CHANGING.has(type)) return true;
  if ('coerce' in schema._zod.def && schema._zod.def.coerce === true) return true;
  return checks?.some((check) => check._zod.def.check === 'overwrite') ?? false;
}
