import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { JsonSchema } from '../src/compatibility/json-shapes.js';
import { findMismatches } from '../src/compatibility/schema-mismatches.js';

const RUNS = process.env.LONG === '1' ? 100_000 : 5_000;
const TIMEOUT_MS = process.env.LONG === '1' ? 600_000 : 60_000;

interface Leaf {
  readonly schema: z.ZodType;
  /** Values that it takes. */
  readonly values: fc.Arbitrary<unknown>;
}
/** A schema, its values, and what the next contract has in its place. */
interface Sample extends Leaf {
  readonly next: z.ZodType;
}
const small = fc.integer({ min: 0, max: 3 });
const NAMES = ['a', 'b', 'c'] as const;
const KINDS = [z.looseObject, z.object, z.strictObject] as const;

const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.tuple(small, small).map(([min, more]) => ({
    schema: z
      .string()
      .min(min)
      .max(min + more),
    values: fc.string({ minLength: min, maxLength: min + more, unit: 'grapheme-ascii' }),
  })),
  fc.constant({ schema: z.string(), values: fc.string() }),
  fc.constant({ schema: z.string().regex(/^x/), values: fc.constant('xy') }),
  fc.tuple(small, small).map(([min, more]) => ({
    schema: z
      .int()
      .min(min)
      .max(min + more),
    values: fc.integer({ min, max: min + more }),
  })),
  small.map((above) => ({ schema: z.number().gt(above), values: fc.constantFrom(above + 0.5, above + 7) })),
  small.map((least) => ({ schema: z.number().min(least), values: fc.constantFrom(least, least + 0.5) })),
  fc.constant({ schema: z.number().multipleOf(2), values: fc.constantFrom(2, -4) }),
  fc.constant({ schema: z.boolean(), values: fc.boolean() }),
  fc.constant({ schema: z.null(), values: fc.constant(null) }),
  fc.uniqueArray(fc.constantFrom('', 'x', 'xy', 'zzz'), { minLength: 1 }).map((options) => ({
    schema: z.enum(options),
    values: fc.constantFrom(...options),
  })),
  fc.constant({ schema: z.unknown(), values: fc.jsonValue() }),
);

/** The second of two like the first, most of the time. */
const again = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<readonly [T, T]> =>
  fc.oneof(
    { weight: 3, arbitrary: value.map((one) => [one, one] as const) },
    { weight: 1, arbitrary: fc.tuple(value, value) },
  );

const { sample } = fc.letrec<{ sample: Sample }>((tie) => {
  const field = fc.record({ of: tie('sample'), isOptional: again(fc.boolean()) });
  const object = fc
    .tuple(again(fc.constantFrom(...KINDS)), fc.dictionary(fc.constantFrom(...NAMES), field), fc.boolean())
    .map(([[make, makeNext], fields, isShorter]): Sample => {
      const named = Object.entries(fields);
      const shape = (of: z.ZodType, isOptional: boolean) => (isOptional ? of.optional() : of);
      const schema = make(
        Object.fromEntries(named.map(([name, { of, isOptional }]) => [name, shape(of.schema, isOptional[0])])),
      );
      const kept = isShorter ? named.slice(1) : named;
      const next = makeNext(
        Object.fromEntries(kept.map(([name, { of, isOptional }]) => [name, shape(of.next, isOptional[1])])),
      );
      const values = fc.record(Object.fromEntries(named.map(([name, { of }]) => [name, of.values])), {
        requiredKeys: named.flatMap(([name, { isOptional }]) => (isOptional[0] ? [] : [name])),
      });
      if (make === z.strictObject) return { schema, next, values };
      const withMore = fc.tuple(fc.jsonValue(), values).map(([other, value]) => ({ other, ...value }));
      return { schema, next, values: fc.oneof(values, withMore) };
    });
  const list = fc.tuple(tie('sample'), again(small), again(small)).map(
    ([of, [min, nextMin], [more, nextMore]]): Sample => ({
      schema: z
        .array(of.schema)
        .min(min)
        .max(min + more),
      next: z
        .array(of.next)
        .min(nextMin)
        .max(nextMin + nextMore),
      values: fc.array(of.values, { minLength: min, maxLength: min + more }),
    }),
  );
  const two = fc.tuple(tie('sample'), tie('sample'));
  return {
    sample: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'schema' },
      again(leaf).map(([one, next]) => ({ ...one, next: next.schema })),
      object,
      list,
      two.map(([a, b]) => ({
        schema: z.union([a.schema, b.schema]),
        next: z.union([b.next, a.next]),
        values: fc.oneof(a.values, b.values),
      })),
      two.map(([a, b]) => ({ ...a, next: z.union([a.next, b.next]) })),
      two.map(([a, b]) => ({
        schema: z.tuple([a.schema, b.schema]),
        next: z.tuple([a.next, b.next]),
        values: fc.tuple(a.values, b.values),
      })),
      two.map(([a, b]) => ({
        schema: z.tuple([a.schema, b.schema]),
        next: z.tuple([a.next]).rest(b.next),
        values: fc.tuple(a.values, b.values),
      })),
      tie('sample').map((of) => ({
        schema: z.record(z.string(), of.schema),
        next: z.record(z.string(), of.next),
        values: fc.dictionary(fc.string(), of.values),
      })),
    ),
  };
});

function described(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' });
}

describe('findMismatches over generated schemas', () => {
  test(
    'what an older schema takes, a newer one without a mismatch takes as well',
    () => {
      let agreed = 0;
      fc.assert(
        fc.property(
          sample.chain(({ schema, next, values }) => fc.tuple(fc.constant(schema), fc.constant(next), values)),
          ([schema, next, made]) => {
            const value: unknown = JSON.parse(JSON.stringify(made));
            expect(schema.safeParse(value).error).toBeUndefined();
            if (findMismatches(described(schema), described(next), 'values').length > 0) return;
            agreed += 1;
            expect(next.safeParse(value).error).toBeUndefined();
          },
        ),
        { numRuns: RUNS },
      );
      expect(agreed).toBeGreaterThan(RUNS / 10);
    },
    TIMEOUT_MS,
  );

  test(
    'a schema has no mismatch with itself',
    () => {
      fc.assert(
        fc.property(sample, fc.constantFrom('types' as const, 'values' as const), ({ schema }, depth) => {
          expect(findMismatches(described(schema), described(schema), depth)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );
});
