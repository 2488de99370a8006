import { compileErrors, namesWanted } from '@trunkline/testkit';
import { expect, test } from 'vitest';

const PREAMBLE = `
import { defineContract, durable } from '@trunkline/protocol/contract';
import { z } from 'zod';
import { createClient } from '../src/index.js';

const anything = z.looseObject({});
const work = { input: anything };
const contract = defineContract({
  rooms: {
    lobby: { join: ['user'], events: { message: durable(anything), poll: durable(anything) } },
    order: { join: ['user'], events: { status: durable(anything) } },
  },
  actions: { report: work, search: work },
  calls: { confirm: work, locate: work },
});
const client = createClient<typeof contract>({ url: 'wss://example.com' });
const room = client.room('lobby', 'main');
`;

const events = ['message', 'poll'];
const rooms = ['lobby', 'order'].map((kind) => `${kind}:\${string}`);
const wrong: readonly (readonly [code: string, names: readonly string[]])[] = [
  ["client.room('loby', 'main')", ['lobby', 'order']],
  ["client.room('loby:main')", rooms],
  ["room.on('mesage', () => {})", events],
  ["room.publish('mesage', {})", events],
  ["room.signal('mesage', {})", events],
  ["client.publish(['lobby:main'], 'mesage', {})", events],
  ["client.send({ connectionId: 'c', room: 'lobby:main' }, 'mesage', {})", events],
  ["client.request('reprot', {})", ['report', 'search']],
  ["client.handle('confrim', () => {})", ['confirm', 'locate']],
];

test('the compiler answers a wrong name with the names there are', () => {
  const program = PREAMBLE + wrong.map(([code]) => `${code};\n`).join('');
  const told = compileErrors(program, new URL('program.ts', import.meta.url)).map(namesWanted);
  expect(told).toEqual(wrong.map(([, names]) => names));
});
