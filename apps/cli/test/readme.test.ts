import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProgram } from '../src/program.js';

test('the README names every command, and every variable that stands for an option', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const { commands } = createProgram();
  const named = [
    ...commands.map((command) => `trunkline ${command.name()} `),
    ...commands.flatMap(({ options }) => options.flatMap(({ envVar }) => (envVar ? [`\`${envVar}\``] : []))),
  ];
  expect(named.filter((name) => !readme.includes(name))).toEqual([]);
});
