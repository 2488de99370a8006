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
  if (a.type === 'value') return b.type === 'value' ? (a.value === b.value ? [a] : []) : [a];
  if (b.type === 'value') return [b];
  if (a.type === b.type || b.type === 'any') return [{ type: a.type, rules: bothRules(a.rules, b.rules) }];
  if (a.type === 'any') return [{ type: b.type, rules: bothRules(a.rules, b.rules) }];
  const isNumber = [a.type, b.type].every((type) => type === 'integer' || type === 'number');
  return isNumber ? [{ type: 'integer', rules: bothRules(a.rules, b.rules) }] : [];
}

function bothRules(a: Rules, b: Rules): Rules {
  const [left, right] = [Object.entries(a.properties ?? {}), Object.entries(b.properties ?? {})];
  const twice = left.flatMap(([name, schema]): [string, JsonSchema][] => {
    const other = right.find(([one]) => one === name);
    return other === undefined ? [] : [[name, { allOf: [schema, other[1]] }]];
  });
  return {
    ...a,
    ...b,
    properties: Object.fromEntries([...left, ...right, ...twice]),
    required: [...(a.required ?? []), ...(b.required ?? [])],
    patterns: [...(a.patterns ?? []), ...(b.patterns ?? [])],
    ...(a.additionalProperties === false ? { additionalProperties: false } : {}),
  };
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
