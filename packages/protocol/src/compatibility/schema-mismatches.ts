import { findBoundMismatches } from './bound-mismatches.js';
import {
  dereference,
  describeShapes,
  isOfType,
  isOpen,
  type JsonSchema,
  type Rules,
  type Shape,
  shapesOf,
} from './json-shapes.js';
import type { Mismatch } from './mismatch.js';

/** `types` is what a type can say, for readers that check nothing; `values` is bounds, patterns and strict objects, too. */
export type Depth = 'types' | 'values';

interface Walk {
  readonly depth: Depth;
  /**
   * The pairs that match as far as is known, in order: those being compared, as a recursive schema meets itself again and what is
   * assumed of it then holds, and those found to match under such assumptions.
   */
  readonly matching: Set<string>;
  /** The others. Schemas that hold each other are met on more ways than can be walked. */
  readonly mismatching: Map<string, readonly Mismatch[]>;
  /** The documents of the two sides, for their references. */
  readonly from: JsonSchema;
  readonly to: JsonSchema;
}

/** More of them help nobody, and in schemas that hold each other there is no end of them. */
const LISTED_AT_MOST = 100;

/**
 * Where a value of `from` may be none of `to`. It errs on the side of a mismatch: another pattern counts as a narrower one,
 * and an object must fit one branch of a union whole. What a schema checks in code (`refine`) is in no JSON Schema.
 */
export function findMismatches(from: JsonSchema, to: JsonSchema, depth: Depth): readonly Mismatch[] {
  return compare({ depth, matching: new Set(), mismatching: new Map(), from, to }, from, to, '');
}

function compare(walk: Walk, fromSchema: JsonSchema, toSchema: JsonSchema, path: string): readonly Mismatch[] {
  const from = dereference(fromSchema, walk.from);
  const to = dereference(toSchema, walk.to);
  const pair = JSON.stringify([from, to]);
  if (walk.matching.has(pair)) return [];
  const known = walk.mismatching.get(pair) ?? compareNew(walk, from, to, pair);
  return known.map((mismatch) => ({ ...mismatch, path: `${path}${mismatch.path}` }));
}

/** The mismatches of a pair that was not met yet, with paths from there on. */
function compareNew(walk: Walk, from: JsonSchema, to: JsonSchema, pair: string): readonly Mismatch[] {
  const { size } = walk.matching;
  walk.matching.add(pair);
  const targets = shapesOf(to, walk.to);
  const sources = shapesOf(from, walk.from);
  const found = sources.flatMap((source) => compareShape(walk, source, targets, '')).slice(0, LISTED_AT_MOST);
  if (found.length === 0) return found;
  // What was found to match since may have done so only because this was assumed to.
  for (const one of [...walk.matching].slice(size)) walk.matching.delete(one);
  walk.mismatching.set(pair, found);
  return found;
}

/** The mismatches with the nearest branch; none where one branch takes it. */
function compareShape(walk: Walk, source: Shape, targets: readonly Shape[], path: string): readonly Mismatch[] {
  let nearest: readonly Mismatch[] | undefined;
  for (const target of targets) {
    if (!isOfType(source, target)) continue;
    const found = compareRules(walk, source, target, path);
    if (found.length === 0) return [];
    if (nearest === undefined || distance(found) < distance(nearest)) nearest = found;
  }
  return nearest ?? [{ path, kind: 'type', got: describeShapes([source]), expected: describeShapes(targets) }];
}

/** A field of another type tells branches apart, so it counts for more than all else that may be wrong in one. */
function distance(mismatches: readonly Mismatch[]): number {
  return mismatches.reduce((sum, { kind }) => sum + (kind === 'type' ? 1_000 : 1), 0);
}

function compareRules(walk: Walk, source: Shape, target: Shape, path: string): readonly Mismatch[] {
  if (target.type === 'value' || target.type === 'any') return [];
  const bounds = walk.depth === 'values' ? findBoundMismatches(source, target.rules, path) : [];
  if (source.type === 'object') return [...bounds, ...compareObjects(walk, source.rules, target.rules, path)];
  if (source.type === 'array') return [...bounds, ...compareArrays(walk, source.rules, target.rules, path)];
  return bounds;
}

function compareObjects(walk: Walk, source: Rules, target: Rules, path: string): readonly Mismatch[] {
  const from = source.properties ?? {};
  const to = target.properties ?? {};
  const fromRest = source.additionalProperties ?? true;
  const toRest = target.additionalProperties ?? true;
  const absent = (target.required ?? []).filter((name) => !source.required?.includes(name));
  const named = Object.entries(from).flatMap(([name, schema]) => {
    if (Object.hasOwn(to, name)) return compare(walk, schema, to[name] ?? true, `${path}.${name}`);
    return toRest === false ? tooMany(walk, `${path}.${name}`) : compare(walk, schema, toRest, `${path}.${name}`);
  });
  // A key that nothing names is a newer peer's own affair; only a record says what is in it.
  const isRecord = toRest !== false && !isOpen(toRest) && fromRest !== false;
  return [
    ...absent.map((name) => missing(`${path}.${name}`)),
    ...named,
    ...(toRest === false && fromRest !== false ? tooMany(walk, path) : []),
    ...(isRecord ? compare(walk, fromRest, toRest, `${path}.*`) : []),
    ...(isRecord && walk.depth === 'values' && target.propertyNames !== undefined
      ? compare(walk, source.propertyNames ?? { type: 'string' }, target.propertyNames, `${path} (keys)`)
      : []),
  ];
}

function compareArrays(walk: Walk, source: Rules, target: Rules, path: string): readonly Mismatch[] {
  const from = source.prefixItems ?? [];
  const to = target.prefixItems ?? [];
  const needed = to.length === 0 ? 0 : (target.minItems ?? 0);
  const absent = to.slice(0, needed).flatMap((_, index) => (index < (source.minItems ?? 0) ? [] : [index]));
  const places = Math.max(from.length, to.length);
  const found = absent.map((index) => missing(`${path}[${index}]`));
  for (let index = 0; index < places; index += 1) {
    const [one = source.items ?? true, other = target.items ?? true] = [from[index], to[index]];
    found.push(...compare(walk, one, other, `${path}[${index}]`));
  }
  return [...found, ...compare(walk, source.items ?? true, target.items ?? true, `${path}[]`)];
}

function missing(path: string): Mismatch {
  return { path, kind: 'missing', got: 'nothing', expected: 'a value' };
}

function tooMany(walk: Walk, path: string): readonly Mismatch[] {
  return walk.depth === 'values' ? [{ path, kind: 'keys', got: 'further keys', expected: 'the named keys' }] : [];
}
