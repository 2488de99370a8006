import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { surelyFits } from '../../src/hub/json-size.js';

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '');

describe('what surely fits', () => {
  it('does, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(2_000), (value, bytes) => {
        if (surelyFits(value, bytes)) expect(bytesOf(value)).toBeLessThanOrEqual(bytes);
      }),
      { numRuns: 2_000 },
    );
    for (const value of ['\u0000'.repeat(100), '\ud800'.repeat(100), ['"', '\\'], { '\u0001': Number.MIN_VALUE }])
      for (let bytes = 0; bytes < 1_000; bytes++)
        if (surelyFits(value, bytes)) expect(bytesOf(value)).toBeLessThanOrEqual(bytes);
  });

  it('is what mostly comes', () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({
      index,
      name: 'x'.repeat(50),
      tags: ['a', 'b'],
      nothing: null,
    }));
    expect(surelyFits({ data: rows }, 65_536)).toBe(true);
  });

  it('is nothing that a look can not tell: what words itself, what JSON refuses, what is long or has no end', () => {
    const endless: unknown[] = [];
    endless.push(endless);
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    for (const value of [new Date(), { at: new Date() }, 1n, endless, deep, 'x'.repeat(70_000)])
      expect(surelyFits(value, 65_536)).toBe(false);
  });
});
