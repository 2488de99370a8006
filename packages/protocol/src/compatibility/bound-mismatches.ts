import { findSample } from './format-samples.js';
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
  // As decimals: in binary 0.05 is no multiple of 0.01.
  multipleOf: (rules, bound) =>
    Number.isInteger(Number((numberOf(rules.multipleOf, Number.NaN) / bound).toPrecision(12))),
};

/** The bounds, formats and patterns of `target` that a value of its type may be beyond. */
export function findBoundMismatches(source: Shape, target: Rules, path: string): readonly Mismatch[] {
  const rules = rulesOf(source);
  const found: Mismatch[] = [];
  const add = (got: string, expected: string) => found.push({ path, kind: 'bound', got, expected });
  for (const [keyword, holds] of Object.entries(BOUNDS)) {
    const bound = target[keyword];
    if (typeof bound !== 'number' || holds(rules, bound)) continue;
    add(rules[keyword] === undefined ? 'unbounded' : `${keyword} ${rules[keyword]}`, `${keyword} ${bound}`);
  }
  const patterns = target.patterns ?? [];
  if (source.type === 'value') {
    for (const pattern of patterns)
      if (!isMatch(pattern, String(source.value))) add(JSON.stringify(source.value), `the pattern ${pattern}`);
    return found;
  }
  const lacking = patterns.filter((pattern) => !rules.patterns?.includes(pattern));
  const { format } = target;
  if (format !== undefined && format !== rules.format && !isPart(format)) {
    if (patterns.length === 0 || lacking.length > 0) add(`${rules.format ?? 'any text'}`, `${format}`);
    return found;
  }
  const matches = (all: readonly string[]) => (text: string) => all.every((pattern) => isMatch(pattern, text));
  const sample = lacking.length > 0 ? findSample(format, matches(rules.patterns ?? []), matches(patterns)) : null;
  if (sample === undefined) for (const pattern of lacking) add('other text', `the pattern ${pattern}`);
  else if (sample !== null) add(JSON.stringify(sample), `a narrower ${format}`);
  return found;
}

/** What Zod calls a format and is but a piece of the text, which the pattern says. */
function isPart(format: unknown): boolean {
  return ['starts_with', 'ends_with', 'includes', 'lowercase', 'uppercase'].includes(String(format));
}

/** JSON Schema leaves a pattern's flags out: the first of these reads it. */
const FLAGS = ['u', 'v', ''];
function isMatch(pattern: string, text: string): boolean {
  for (const flags of FLAGS) {
    try {
      return new RegExp(pattern, flags).test(text);
    } catch {
      // A syntax of other flags.
    }
  }
  return false;
}

/** Of one value the narrowest that it keeps; of an integer its bounds as integers. */
function rulesOf(source: Shape): Rules {
  if (source.type === 'integer') {
    const { exclusiveMinimum: above, exclusiveMaximum: below } = source.rules;
    return {
      ...source.rules,
      ...(typeof above === 'number' && { minimum: Math.floor(above) + 1 }),
      ...(typeof below === 'number' && { maximum: Math.ceil(below) - 1 }),
    };
  }
  if (source.type !== 'value') return source.rules;
  const { value } = source;
  if (typeof value === 'string') return { minLength: value.length, maxLength: value.length };
  if (typeof value === 'number') return { minimum: value, maximum: value, multipleOf: value };
  return {};
}

function numberOf(value: unknown, absent: number): number {
  return typeof value === 'number' ? value : absent;
}
