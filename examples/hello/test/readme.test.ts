import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const README = read('../../../README.md');

test("the README's server and client are this example, to the letter", () => {
  const blocks = [...README.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(blocks).toEqual([read('../src/server.ts'), read('../src/client.ts')]);
});

test('the server has 10 lines and the client 8 that are not blank', () => {
  expect(read('../src/server.ts').trimEnd().split('\n')).toHaveLength(10);
  expect(read('../src/client.ts').split('\n').filter(Boolean)).toHaveLength(8);
});

test('the README shows code before line 25, and every link in it leads somewhere', () => {
  expect(README.split('\n').indexOf('```ts')).toBeLessThan(25);
  for (const [, path = ''] of README.matchAll(/\]\(([^)#]+)/g)) expect(() => read(`../../../${path}`)).not.toThrow();
});
