import type { Rules, Shape } from './json-shapes.js';
import type { Mismatch } from './mismatch.js';

type Holds = (rules: Rules, bound: number) => boolean;
const atLeast =
  (keyword: string): Holds =>
  (rules, bound) =>
    numberOf(rules[keyword], Number.NEGATIVE_INFINITY) >= bound;
const atMost =
  (keyword: string): Holds =>
  (rules, bound) =>
    numberOf(rules[keyword], Number.POSITIVE_INFINITY) <= bound;

/** When rules already imply a bound. */
const BOUNDS: Readonly<Record<string, Holds>> = {
  minLength: atLeast('minLength'),
  maxLength: atMost('maxLength'),
  minItems: atLeast('minItems'),
  maxItems: atMost('maxItems'),
  minProperties: atLeast('minProperties'),
  maxProperties: atMost('maxProperties'),
  minimum: (rules, bound) => atLeast('minimum')(rules, bound) || atLeast('exclusiveMinimum')(rules, bound),
  maximum: (rules, bound) => atMost('maximum')(rules, bound) || atMost('exclusiveMaximum')(rules, bound),
  exclusiveMinimum: (rules, bound) =>
    atLeast('exclusiveMinimum')(rules, bound) || numberOf(rules.minimum, Number.NEGATIVE_INFINITY) > bound,
  exclusiveMaximum: (rules, bound) =>
    atMost('exclusiveMaximum')(rules, bound) || numberOf(rules.maximum, Number.POSITIVE_INFINITY) < bound,
  multipleOf: (rules, bound) => numberOf(rules.multipleOf, Number.NaN) % bound === 0,
};

/** The bounds, formats and patterns of `target` that a value of its type may be beyond. */
export function findBoundMismatches(source: Shape, target: Rules, path: string): readonly Mismatch[] {
  const rules = source.type === 'value' ? rulesOf(source.value) : source.rules;
  const found: Mismatch[] = [];
  const add = (got: string, expected: string) => found.push({ path, kind: 'bound', got, expected });
  for (const [keyword, holds] of Object.entries(BOUNDS)) {
    const bound = target[keyword];
    if (typeof bound !== 'number' || holds(rules, bound)) continue;
    add(rules[keyword] === undefined ? 'unbounded' : `${keyword} ${rules[keyword]}`, `${keyword} ${bound}`);
  }
  if (source.type === 'value') {
    for (const pattern of target.patterns ?? [])
      if (!new RegExp(pattern).test(String(source.value))) add(JSON.stringify(source.value), `the pattern ${pattern}`);
  } else if (target.format !== undefined) {
    // The pattern of a format is Zod's, which another release of it may write otherwise.
    if (target.format !== rules.format)
      add(rules.format === undefined ? 'any text' : `${rules.format}`, `${target.format}`);
  } else {
    for (const pattern of target.patterns ?? [])
      if (!rules.patterns?.includes(pattern)) add('other text', `the pattern ${pattern}`);
  }
  return found;
}

/** One value as the narrowest rules that it keeps. */
function rulesOf(value: unknown): Rules {
  if (typeof value === 'string') return { minLength: value.length, maxLength: value.length };
  if (typeof value === 'number') return { minimum: value, maximum: value, multipleOf: value };
  return {};
}

function numberOf(value: unknown, absent: number): number {
  return typeof value === 'number' ? value : absent;
}
