import { readdirSync, readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';
import { describe, expect, test } from 'vitest';

const SOURCES = new URL('../src/', import.meta.url);

/** Every regular expression literal of the package's sources, with the file it is in. */
function regularExpressions(): readonly (readonly [string, RegExp])[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const code = readFileSync(new URL(file, SOURCES), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    const literals = [...code.matchAll(/[=(,:]\s*\/((?:[^/\n\\[]|\\.|\[[^\]\n]*\])+)\/([a-z]*)/g)];
    return literals.map(([, source = '', flags]) => [file, new RegExp(source, flags)] as const);
  });
}

const TRY = new Script('expression.test(input)');
const LENGTH = 50_000;
const HOSTILE = ['a', ':', 'a:', '-', ' ', '\n', '~!', '\u202e', 'kind:id/', '__', '😀'].flatMap((part) => {
  const input = part.repeat(LENGTH / part.length);
  return [input, `${input}\n`, `a:${input}`, `a:${input}\0`, `${input}:${input}`.slice(0, LENGTH)];
});

describe('regular expressions that the wire reaches', () => {
  const found = regularExpressions();

  test('are found in the sources', () => {
    const files = new Set(found.map(([file]) => file));
    expect([...files]).toEqual(expect.arrayContaining(['identifier.ts', 'room-name.ts', 'schemas.ts']));
  });

  test.each(found)('%s %s takes less than 10 ms for 50 000 hostile characters', (_, expression) => {
    const context = createContext({ expression });
    const slowestMs = HOSTILE.map((input) => {
      context.input = input;
      const times = Array.from({ length: 3 }, () => {
        const before = process.cpuUsage();
        // A time limit, so that an expression that never ends fails this test and does not hang it.
        TRY.runInContext(context, { timeout: 1_000 });
        return process.cpuUsage(before).user / 1_000;
      });
      return Math.min(...times);
    });
    expect(Math.max(...slowestMs)).toBeLessThan(10);
  });
});
