import { compileErrors, namesWanted } from '@trunkline/testkit';
import { expect, test } from 'vitest';

const PREAMBLE = `
import { defineContract, durable } from '@trunkline/protocol/contract';
import { z } from 'zod';
import { createHub, type Hub } from '../../src/index.js';

const order = { input: z.looseObject({ order: z.string() }), output: z.boolean() };
const contract = defineContract({
  rooms: {
    lobby: { join: ['user'], events: { message: durable(z.looseObject({ text: z.string() })), poll: durable(z.looseObject({})) } },
    order: { join: ['user'], events: { status: durable(z.looseObject({})) } },
  },
  actions: { ship: order, pack: { input: order.input, output: z.enum(['packed', 'missing']) } },
  calls: { confirm: order, locate: order },
});
const hub = createHub({ contract, authenticator: { authenticate: async () => { throw new Error(); } } });
const to = { connectionId: 'c' };
const anyName: string = 'lobby:main';
`;
const errorsOf = (code: string) => compileErrors(PREAMBLE + code, new URL('program.ts', import.meta.url));

test('what a service publishes and asks is typed by the contract', () => {
  const right = `
    hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'x' }, id: '1', from: { service: 's' } });
    hub.publish({ rooms: [\`order:\${anyName}\`], event: 'status', data: {} });
    hub.call(to, 'confirm', { order: '1' }).then((agreed): boolean => agreed);
    hub.handle('pack', () => 'packed');
    hub.handle('pack', async ({ order }) => (order ? 'packed' : 'missing'));
    const open: Hub = hub;
    open.publish({ rooms: [anyName], event: anyName, data: 1 });
    open.call(to, anyName, 1);
  `;
  expect(errorsOf(right)).toEqual([]);
});

test('the compiler answers a wrong name with the names there are, and wrong data with what is wrong', () => {
  const wrong = `
    hub.publish({ rooms: ['lobby:main'], event: 'mesage', data: {} });
    hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 1 } });
    hub.call(to, 'confrim', { order: '1' });
    hub.call(to, 'confirm', { order: 1 });
    hub.handle('shpi', async () => true);
  `;
  const number = "Type 'number' is not assignable to type 'string'.";
  expect(errorsOf(wrong).map(namesWanted)).toEqual([
    ['Type \'"mesage"\' is not assignable to type \'"message" | "poll"\'. Did you mean \'"message"\'?'],
    [number],
    ['confirm', 'locate'],
    [number],
    ['pack', 'ship'],
  ]);
  const [kinds] = errorsOf(`hub.publish({ rooms: ['loby:main'], event: 'message', data: { text: '' } });`);
  for (const kind of ['lobby', 'order']) expect(kinds).toContain(`\`${kind}:`);
});
