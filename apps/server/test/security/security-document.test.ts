import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const rows = [...read('docs/security.md').matchAll(/^\| (S\d+) +\| (.+?) +\| (.+) \|$/gm)].map(
  ([, id = '', what = '', shownBy = '']) => ({ id, what, shownBy }),
);

describe('docs/security.md', () => {
  it('has a row for each requirement from S1 to S45, once', () => {
    const ids = rows.map(({ id }) => Number(id.slice(1))).sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: 45 }, (_, index) => index + 1));
  });

  it.each(rows)('names tests that exist for $id', ({ id, what, shownBy }) => {
    expect(what.length).toBeGreaterThan(10);
    const named = [...shownBy.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g)];
    if (id === 'S40') expect(shownBy).toMatch(/^Out of scope: /);
    else expect(named.length).toBeGreaterThan(0);
    for (const [, file = '', sentence = ''] of named)
      expect(read(file), `${file}: ${sentence}`).toContain(`'${sentence}'`);
  });
});
