import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  builtInContract,
  type ContractInput,
  contractJsonSchema,
  durable,
  ephemeral,
  findBreakingChanges,
} from '../src/contract.js';
import { action, changes, chat, data, loose, message, text, tree } from './compare-contracts.js';

/** A literal of it is for a later target than ours. */
const [sets, flag] = ['^[\\p{L}--[a-z]]+$', 'v'];

const OF_SETS = new RegExp(sets, flag);

describe('what breaks nobody', () => {
  test.each<[string, ContractInput, ContractInput]>([
    ['nothing changed', data(loose({ text })), data(loose({ text }))],
    ['a new optional field', data(loose({ text })), data(loose({ text, lang: text.optional() }))],
    ['a field that was optional is gone', data(loose({ text, lang: text.optional() })), data(loose({ text }))],
    ['a wider bound', data(loose({ text: text.max(100) })), data(loose({ text: text.max(200) }))],
    ['no bound any more', data(loose({ text: text.min(3).regex(/^a/) })), data(loose({ text }))],
    ['one ending less', data(text.startsWith('a').endsWith('b')), data(text.startsWith('a'))],
    ['no ending any more, but a format', data(z.email().endsWith('.org')), data(z.email())],
    ['a value that a Unicode pattern takes', ask(z.enum(['é'])), ask(text.regex(/^\p{L}+$/u))],
    ['a value that a pattern of sets takes', ask(z.enum(['é'])), ask(text.regex(OF_SETS))],
    ['an offset that a time may have', data(z.iso.datetime()), data(z.iso.datetime({ offset: true }))],
    ['an identifier of any version', data(z.uuidv4()), data(z.uuid())],
    [
      'the pattern of another release of Zod',
      data(z.email({ pattern: /^(?!\.)(?!.*\.\.)([a-z0-9_'+\-.]*)[a-z0-9_+-]@([a-z0-9][a-z0-9-]*\.)+[a-z]{2,}$/i })),
      data(z.email()),
    ],
    ['an exclusive bound made inclusive', data(z.number().positive()), data(z.number().min(0))],
    ['an object that takes unknown keys otherwise', data(loose({ text })), data(z.object({ text }))],
    ['the same recursive schema', data(tree(text)), data(tree(text))],
    [
      'a new kind, event, action and call',
      { rooms: {} },
      { ...data(text), actions: { a: { input: text } }, calls: { c: { input: text } } },
    ],
    ['a call that is no longer made', { rooms: {}, calls: { c: { input: text } } }, { rooms: {} }],
    ['an ephemeral event made durable', message(ephemeral(text)), message(durable(text))],
    ['more who may', chat({ join: ['relation:owner'] }), chat({ join: ['relation:agent', 'relation:owner'] })],
    ['everybody who signed in may', chat({ join: ['role:agent', 'self'] }), chat({ join: ['user'] })],
    [
      'fewer values of an input that nobody reads',
      action({ input: z.enum(['a']) }),
      action({ input: z.enum(['a', 'b']) }),
    ],
    ['fewer values of an output', action({ output: z.enum(['a', 'b']) }), action({ output: z.enum(['a']) })],
    ['an id that is one of any room', chat({}), chat({ id: text.min(1).max(200) })],
    ['a rule for admins, who may anyway', chat({ join: ['role:admin', 'self'] }), chat({ join: ['self'] })],
    [
      'a rule for services, who may publish anyway',
      message(durable(text, { publish: ['role:service'] })),
      message(durable(text, { publish: ['relation:owner'] })),
    ],
    [
      'a role of an action that admins do not need',
      action({ roles: ['admin', 'agent'] }),
      action({ roles: ['agent'] }),
    ],
    ['an integer above 0 made one from 1', ask(z.int().gt(0).lt(10)), ask(z.int().min(1).max(9))],
    [
      'a step that the older one is a multiple of',
      data(z.number().multipleOf(0.05)),
      data(z.number().multipleOf(0.01)),
    ],
    ['another order of a union', data(z.union([text, z.number()])), data(z.union([z.number(), text]))],
    ['an action that any user may ask for now', action({ roles: ['agent'] }), action({})],
  ])('%s', (_, older, newer) => {
    expect(changes(older, newer)).toEqual([]);
  });
});

describe('schemas that hold each other many times over take no time', () => {
  test.each<[string, (leaf: z.ZodType) => z.ZodType]>([
    ['each kind of node in each other', web],
    ['twice in the next', tower],
  ])('%s', (_, schema) => {
    const started = performance.now();
    expect(changes(data(schema(text)), data(schema(text)))).toEqual([]);
    const found = changes(data(schema(text)), data(schema(text.min(1))));
    expect(found[0]).toMatch(/leaf \[sending\] .* now minLength 1\)$/);
    expect(found.length).toBeLessThanOrEqual(100);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

test('no name of a contract is taken for one of JavaScript', () => {
  const odd = { rooms: {}, actions: { constructor: { input: text }, toString: { input: text } } };
  expect(changes(odd, { rooms: {} })).toEqual([
    'action constructor [rights] it is gone',
    'action toString [rights] it is gone',
  ]);
  expect(changes(data(loose({ constructor: text })), data(loose({ toString: text.optional() })))).toEqual([
    'chat.message data.constructor [receiving] it may be absent now, and older programs count on it',
  ]);
});

test('the built-in contract breaks nothing of itself', () => {
  const described = contractJsonSchema(builtInContract);
  expect(findBreakingChanges(described, described)).toEqual([]);
});

function ask(input: z.ZodType): ContractInput {
  return action({ input });
}

/** Nine kinds of nodes, each of which may hold all. */
function web(leaf: z.ZodType): z.ZodType {
  const nodes: z.ZodType[] = Array.from({ length: 9 }, (_, index) =>
    loose({
      kind: z.literal(index),
      ...Object.fromEntries(
        Array.from({ length: 9 }, (_, to) => [`to${to}`, z.lazy(() => nodes[to] ?? leaf).optional()]),
      ),
      ...(index === 8 && { leaf }),
    }),
  );
  return nodes[0] ?? leaf;
}

/** Eighteen storeys; ids keep JSON Schema from writing each out. */
function tower(leaf: z.ZodType): z.ZodType {
  const id = crypto.randomUUID();
  let storey: z.ZodType = loose({ leaf }).meta({ id });
  for (let height = 0; height < 18; height += 1)
    storey = loose({ left: storey, right: storey }).meta({ id: `${id}${height}` });
  return storey;
}
