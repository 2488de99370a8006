/** A JSON Schema as Zod writes it (2020-12), or a boolean one. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** What a schema says of a value beside its type. */
export interface Rules {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly patterns?: readonly string[];
}

/** One kind of value that a schema takes; `value` is one value alone, `any` has no type of its own. */
export type Shape =
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'any' | 'string' | 'number' | 'integer' | 'array' | 'object'; readonly rules: Rules };

const TYPES: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'array', 'object']);

/** What a schema takes as a list of alternatives: unions, enums, references into `root` and intersections are dissolved. */
export function shapesOf(schema: JsonSchema, root: JsonSchema): readonly Shape[] {
  const resolved = dereference(schema, root);
  if (resolved === true) return [{ type: 'any', rules: {} }];
  // Zod writes `not: {}` for never, and `not` nowhere else.
  if (resolved === false || 'not' in resolved) return [];
  const { anyOf, oneOf, allOf, ...own } = resolved;
  const union = anyOf ?? oneOf;
  if (Array.isArray(union)) return union.flatMap((branch: JsonSchema) => shapesOf(branch, root));
  if (!Array.isArray(allOf)) return ownShapes(own);
  const parts = allOf.map((part: JsonSchema) => shapesOf(part, root));
  return parts.reduce((left, right) => left.flatMap((a) => right.flatMap((b) => both(a, b))), ownShapes(own));
}

/** The schema that `$ref` names, where it is one. */
export function dereference(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (typeof schema === 'boolean' || typeof schema.$ref !== 'string') return schema;
  let found: unknown = root;
  for (const part of schema.$ref.split('/').slice(1))
    found = Reflect.get(Object(found), part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return typeof found === 'object' && found !== null ? (found as JsonSchema) : true;
}

function ownShapes(own: Record<string, unknown>): readonly Shape[] {
  if ('const' in own) return [{ type: 'value', value: own.const }];
  if (Array.isArray(own.enum)) return own.enum.map((value: unknown) => ({ type: 'value', value }));
  const { type, pattern, ...rest } = own;
  const rules: Rules = typeof pattern === 'string' ? { ...rest, patterns: [pattern] } : rest;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.flatMap((name): readonly Shape[] => {
    if (name === 'null') return [{ type: 'value', value: null }];
    if (name === 'boolean') return [true, false].map((value) => ({ type: 'value', value }));
    return [{ type: isType(name) ? name : 'any', rules }];
  });
}

function isType(name: unknown): name is 'string' | 'number' | 'integer' | 'array' | 'object' {
  return typeof name === 'string' && TYPES.has(name);
}

/** What is of both shapes. */
function both(a: Shape, b: Shape): readonly Shape[] {
  if (a.type === 'value') return isOfType(a, b) ? [a] : [];
  if (b.type === 'value') return isOfType(b, a) ? [b] : [];
  if (a.type === b.type || b.type === 'any') return [{ type: a.type, rules: bothRules(a.rules, b.rules) }];
  if (a.type === 'any') return [{ type: b.type, rules: bothRules(a.rules, b.rules) }];
  const isNumber = [a.type, b.type].every((type) => type === 'integer' || type === 'number');
  return isNumber ? [{ type: 'integer', rules: bothRules(a.rules, b.rules) }] : [];
}

function bothRules(a: Rules, b: Rules): Rules {
  const names = new Set([a, b].flatMap(({ properties = {} }) => Object.keys(properties)));
  return {
    ...a,
    ...b,
    ...tighterBounds(a, b),
    properties: Object.fromEntries(
      [...names].map((name) => [name, bothSchemas(propertyOf(a, name), propertyOf(b, name))]),
    ),
    required: [...(a.required ?? []), ...(b.required ?? [])],
    patterns: [...(a.patterns ?? []), ...(b.patterns ?? [])],
    additionalProperties: bothSchemas(a.additionalProperties, b.additionalProperties),
    propertyNames: bothSchemas(a.propertyNames, b.propertyNames),
    items: bothSchemas(a.items, b.items),
  };
}

function bothSchemas(a: JsonSchema = true, b: JsonSchema = true): JsonSchema {
  if (a === false || b === false) return false;
  if (isOpen(a)) return b;
  return isOpen(b) ? a : { allOf: [a, b] };
}

/** What a field must be: as its name says, or as any other. A strict object says nothing of a name that only the other one has. */
function propertyOf({ properties = {}, additionalProperties = true }: Rules, name: string): JsonSchema {
  return Object.hasOwn(properties, name) ? (properties[name] ?? true) : additionalProperties || true;
}

const LOWER = ['minLength', 'minItems', 'minProperties', 'minimum', 'exclusiveMinimum'];
const UPPER = ['maxLength', 'maxItems', 'maxProperties', 'maximum', 'exclusiveMaximum'];

function tighterBounds(a: Rules, b: Rules): Readonly<Record<string, number>> {
  const tighter = (keyword: string, choose: (...bounds: number[]) => number): readonly [string, number][] => {
    const bounds = [a[keyword], b[keyword]].filter((bound) => typeof bound === 'number');
    return bounds.length === 0 ? [] : [[keyword, choose(...bounds)]];
  };
  return Object.fromEntries([
    ...LOWER.flatMap((keyword) => tighter(keyword, Math.max)),
    ...UPPER.flatMap((keyword) => tighter(keyword, Math.min)),
  ]);
}

/** Whether it takes anything. */
export function isOpen(schema: JsonSchema): boolean {
  return schema === true || (schema !== false && Object.keys(schema).length === 0);
}

/** Whether the one is of the other's type; its rules are another question. */
export function isOfType(source: Shape, target: Shape): boolean {
  if (target.type === 'any') return true;
  if (source.type !== 'value')
    return source.type === target.type || (source.type === 'integer' && target.type === 'number');
  if (target.type === 'value') return source.value === target.value;
  if (target.type === 'integer') return Number.isInteger(source.value);
  return source.value !== null && typeof source.value === target.type;
}

const WORDS = {
  any: 'anything',
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  array: 'a list',
  object: 'an object',
} as const;
const NAMED_AT_MOST = 8;

/** In words, for people. */
export function describeShapes(shapes: readonly Shape[]): string {
  const words = shapes.map((shape) => (shape.type === 'value' ? JSON.stringify(shape.value) : WORDS[shape.type]));
  const named = [...new Set(words)];
  const shown = named.length > NAMED_AT_MOST ? [...named.slice(0, NAMED_AT_MOST), '…'] : named;
  return shown.length === 0 ? 'nothing' : shown.join(' or ');
}
