import { readdirSync, readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../../', import.meta.url);
/** packages/protocol tries its own. */
const SOURCES = ['packages/server/src/', 'packages/dialects/src/', 'apps/server/src/'];

/** Every regular expression literal, with the file it is in. */
const found = SOURCES.flatMap((folder) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('speaker') && !file.startsWith('testing'))
    .flatMap((file) => {
      const code = readFileSync(new URL(folder + file, ROOT), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      const literals = [...code.matchAll(/[=(,:|&?]\s*\/((?:[^/\n\\[]|\\.|\[[^\]\n]*\])+)\/([a-z]*)/g)];
      return literals.map(([, source = '', flags]) => [folder + file, new RegExp(source, flags)] as const);
    }),
);

const LENGTH = 50_000;
const TRY = new Script('expression.lastIndex = 0; expression.test(input)');
const HOSTILE = ['a', '0', '-', '.', ' ', '"', '%', '\n', 'a:', 'Bearer ', 'x@', '://', '\u202e', '😀'].flatMap(
  (part) => {
    const input = part.repeat(LENGTH / part.length);
    return [input, `${input}\n`, `"${input}`, `Bearer ${input}\0`, `a${input}!`];
  },
);

describe('regular expressions of the server (S30)', () => {
  it('are found where headers, tokens and frames are read', () => {
    const files = found.map(([file]) => file.split('/').at(-1));
    expect(files).toEqual(expect.arrayContaining(['handshake-credentials.ts', 'check-upgrade.ts', 'bearer.ts']));
  });

  it.each(found)('%s %s takes less than 10 ms for 50 000 hostile characters', (_, expression) => {
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
