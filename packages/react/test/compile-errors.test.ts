import { compileErrors, namesWanted } from '@trunkline/testkit';
import { expect, test } from 'vitest';

const PREAMBLE = `
import { defineContract, durable } from '@trunkline/protocol/contract';
import { z } from 'zod';
import { useRequest, useRoom } from '../src/index.js';
import { useAction } from '../src/query.js';

const anything = z.looseObject({});
const contract = defineContract({
  rooms: {
    lobby: { join: ['user'], events: { message: durable(anything), poll: durable(anything) } },
    order: { join: ['user'], events: { status: durable(anything) } },
  },
  actions: { report: { input: anything }, search: { input: anything } },
});
declare module '../src/register.js' {
  interface Register { contract: typeof contract }
}
`;

const actions = ['report', 'search'];
const wrong: readonly (readonly [code: string, names: readonly string[]])[] = [
  ["useRoom('loby:main')", ['lobby', 'order'].map((kind) => `${kind}:\${string}`)],
  ["useRoom('lobby:main').publish('mesage', {})", ['message', 'poll']],
  ["useRequest('reprot')", actions],
  ["useAction('reprot')", actions],
];

test('the compiler answers a wrong name with the names of the registered contract', () => {
  const program = PREAMBLE + wrong.map(([code]) => `${code};\n`).join('');
  const told = compileErrors(program, new URL('program.ts', import.meta.url)).map(namesWanted);
  expect(told).toEqual(wrong.map(([, names]) => names));
});
