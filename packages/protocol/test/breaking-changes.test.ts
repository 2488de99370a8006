import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  builtInContract,
  type ContractInput,
  contractJsonSchema,
  defineContract,
  durable,
  ephemeral,
  findBreakingChanges,
} from '../src/contract.js';
import type { AccessRule, EventDefinition, RoomKindDefinition } from '../src/contract-types.js';

/** The changes as lines, from the JSON that a file or a server would give. */
function changes(older: ContractInput, newer: ContractInput): readonly string[] {
  const [before, now] = [older, newer].map((input) =>
    JSON.parse(JSON.stringify(contractJsonSchema(defineContract(input)))),
  );
  return findBreakingChanges(before, now).map(({ where, breaks, message }) => `${where} [${breaks}] ${message}`);
}
const chat = (kind: Partial<RoomKindDefinition>): ContractInput => ({
  rooms: { chat: { join: ['user'], events: {}, ...kind } },
});
const message = (event: EventDefinition) => chat({ events: { message: event } });
const data = (schema: z.ZodType) => message(durable(schema));
const loose = z.looseObject;
const text = z.string();
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

describe('what older programs send', () => {
  test.each<[string, z.ZodType, z.ZodType, string]>([
    [
      'a new required field',
      loose({}),
      loose({ text }),
      '.text [sending] older programs may leave it out, and it is required now',
    ],
    [
      'a tighter bound',
      loose({ text }),
      loose({ text: text.max(5) }),
      '.text [sending] older programs may send more than is taken now (unbounded, now maxLength 5)',
    ],
    [
      'a list that must have one',
      z.array(text),
      z.array(text).min(1),
      ' [sending] older programs may send more than is taken now (unbounded, now minItems 1)',
    ],
    [
      'a pattern',
      text,
      text.regex(/^a+$/),
      ' [sending] older programs may send more than is taken now (other text, now the pattern ^a+$)',
    ],
    ['a format', text, z.uuid(), ' [sending] older programs may send more than is taken now (any text, now uuid)'],
    [
      'another text to begin with',
      text.startsWith('a'),
      text.startsWith('ab'),
      ' [sending] older programs may send more than is taken now (other text, now the pattern ^ab.*)',
    ],
    [
      'an end beside a format',
      z.email(),
      z.email().endsWith('.org'),
      ' [sending] older programs may send more than is taken now (other text, now the pattern .*\\.org$)',
    ],
    [
      'a tighter format of the same name',
      z.stringFormat('sku', /^[A-Z]+$/),
      z.stringFormat('sku', /^[A-Z]{8}$/),
      ' [sending] older programs may send more than is taken now (other text, now the pattern ^[A-Z]{8}$)',
    ],
    [
      'the tighter bound of two schemas in one',
      text.min(3),
      text.min(5).and(text.min(3)),
      ' [sending] older programs may send more than is taken now (minLength 3, now minLength 5)',
    ],
    [
      'an offset that a time may have no more',
      z.iso.datetime({ offset: true }),
      z.iso.datetime(),
      ' [sending] older programs may send more than is taken now ("2026-11-23T03:34:15+01:00", now a narrower date-time)',
    ],
    [
      'an identifier of one version',
      z.uuid(),
      z.uuidv7(),
      ' [sending] older programs may send more than is taken now ("a0000000-0000-1000-8000-00000000000a", now a narrower uuid)',
    ],
    [
      'a strict object',
      loose({ text }),
      z.strictObject({ text }),
      ' [sending] older programs may send it, and it is refused now',
    ],
    [
      'a field that a strict object lost',
      z.strictObject({ text, b: text.optional() }),
      z.strictObject({ text }),
      '.b [sending] older programs may send it, and it is refused now',
    ],
    [
      'deep inside',
      z.array(loose({ a: loose({}) })),
      z.array(loose({ a: loose({ b: text }) })),
      '[].a.b [sending] older programs may leave it out, and it is required now',
    ],
    [
      'in a recursive schema',
      tree(text),
      tree(text.max(3)),
      '.value [sending] older programs may send more than is taken now (unbounded, now maxLength 3)',
    ],
    [
      'in the nearest branch of a union',
      union({ a: text }),
      union({ a: text, b: text }),
      '.b [sending] older programs may leave it out, and it is required now',
    ],
  ])('%s', (_, older, newer, expected) => {
    expect(changes(data(older), data(newer))).toEqual([`chat.message data${expected}`]);
  });

  test('in a record beside an object, whose fields it holds for, too', () => {
    const older = loose({ a: z.number() }).and(z.record(text, z.number()));
    const newer = z.record(text, z.int()).and(loose({ a: z.number() }));
    expect(changes(data(older), data(newer))).toEqual(
      ['.a', '.*'].map(
        (field) =>
          `chat.message data${field} [sending] older programs may send a number, and only an integer is taken now`,
      ),
    );
  });

  test('an id that older programs join with', () => {
    expect(changes(chat({}), chat({ id: z.string().regex(/^\d+$/) }))).toEqual([
      'chat id [sending] older programs may send more than is taken now (other text, now the pattern ^\\d+$)',
    ]);
  });
});

describe('what older programs get', () => {
  test.each<[string, z.ZodType, z.ZodType, string]>([
    [
      'a field that may be absent',
      loose({ text }),
      loose({ text: text.optional() }),
      '.text [receiving] it may be absent now, and older programs count on it',
    ],
    [
      'a value more',
      z.enum(['a', 'b']),
      z.enum(['a', 'b', 'c']),
      ' [receiving] it may be "c" now, and older programs know only "a" or "b"',
    ],
    [
      'null',
      loose({ text }),
      loose({ text: text.nullable() }),
      '.text [receiving] it may be null now, and older programs know only a string',
    ],
    [
      'a branch more',
      text,
      z.union([text, z.number()]),
      ' [receiving] it may be a number now, and older programs know only a string',
    ],
    ['a fraction', z.int(), z.number(), ' [receiving] it may be a number now, and older programs know only an integer'],
    ['anything', text, z.unknown(), ' [receiving] it may be anything now, and older programs know only a string'],
    [
      'a shorter tuple',
      z.tuple([text]).rest(text),
      z.array(text),
      '[0] [receiving] it may be absent now, and older programs count on it',
    ],
    [
      'other values in a record',
      z.record(text, text),
      z.record(text, z.union([text, z.boolean()])),
      '.* [receiving] it may be true now, and older programs know only a string',
    ],
  ])('%s', (_, older, newer, expected) => {
    expect(changes(data(older), data(newer))).toContain(`chat.message data${expected}`);
  });

  test('both ways, where a type changed', () => {
    expect(changes(data(loose({ n: text })), data(loose({ n: z.number() })))).toEqual([
      'chat.message data.n [sending] older programs may send a string, and only a number is taken now',
      'chat.message data.n [receiving] it may be a number now, and older programs know only a string',
    ]);
  });

  test('in an action its output and progress, in a call its input', () => {
    expect(
      changes(action({ output: text, progress: text }), action({ output: z.number(), progress: z.number() })),
    ).toEqual([
      'action ask output [receiving] it may be a number now, and older programs know only a string',
      'action ask progress [receiving] it may be a number now, and older programs know only a string',
    ]);
    const call = (input: z.ZodType, output: z.ZodType) => ({ rooms: {}, calls: { confirm: { input, output } } });
    expect(changes(call(z.enum(['a']), z.enum(['y', 'n'])), call(z.enum(['a', 'b']), z.enum(['y'])))).toEqual([
      'call confirm input [receiving] it may be "b" now, and older programs know only "a"',
      'call confirm output [sending] older programs may send "n", and only "y" is taken now',
    ]);
  });
});

describe('what older programs could do', () => {
  const join = (...rules: AccessRule[]) => chat({ join: rules });
  test.each<[string, ContractInput, ContractInput, readonly string[]]>([
    ['a kind', chat({}), { rooms: {} }, ['chat [rights] it is gone']],
    ['an event', data(text), chat({}), ['chat.message [rights] it is gone']],
    ['an action', action({}), { rooms: {} }, ['action ask [rights] it is gone']],
    [
      'roles of an action',
      action({}),
      action({ roles: ['agent'] }),
      ['action ask [rights] any user may no longer ask for it'],
    ],
    [
      'durability',
      data(text),
      message(ephemeral(text)),
      ['chat.message [rights] it is ephemeral now: who is away misses it'],
    ],
    [
      'the last one for a joiner',
      message(ephemeral(text, { retain: 'last' })),
      message(ephemeral(text)),
      ['chat.message [rights] who joins no longer gets the last one'],
    ],
    [
      'the echo',
      message(ephemeral(text)),
      message(ephemeral(text, { echo: 'others' })),
      ['chat.message [rights] its sender no longer gets it'],
    ],
    [
      'publishing',
      message(durable(text, { publish: ['user'] })),
      data(text),
      ['chat.message [rights] user may no longer publish'],
    ],
    [
      'publishing of guests, who are members but no users',
      chat({ join: ['anonymous'], events: { message: durable(text) } }),
      chat({ join: ['anonymous'], events: { message: durable(text, { publish: ['user'] }) } }),
      ['chat.message [rights] member may no longer publish'],
    ],
    ['receipts', chat({ receipts: true }), chat({}), ['chat [rights] it keeps no receipts now']],
    [
      'history of admins',
      chat({ join: ['role:admin'] }),
      chat({ join: ['role:admin'], history: false }),
      ['chat [rights] role:admin may no longer read history'],
    ],
    ['history alone', chat({}), chat({ history: false }), ['chat [rights] user may no longer read history']],
    [
      'joining, and what follows it',
      join('anonymous'),
      join('user'),
      ['join', 'read history', 'see presence'].map((what) => `chat [rights] anonymous may no longer ${what}`),
    ],
  ])('%s', (_, older, newer, expected) => {
    expect(changes(older, newer)).toEqual(expected);
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

function action(definition: {
  input?: z.ZodType;
  output?: z.ZodType;
  progress?: z.ZodType;
  roles?: string[];
}): ContractInput {
  return { rooms: {}, actions: { ask: { input: text, ...definition } } };
}

function ask(input: z.ZodType): ContractInput {
  return action({ input });
}

function union(shape: z.ZodRawShape): z.ZodType {
  return z.discriminatedUnion('kind', [loose({ kind: z.literal('x') }), loose({ kind: z.literal('y'), ...shape })]);
}

/** A schema that holds itself. */
function tree(value: z.ZodType): z.ZodType {
  const node = loose({
    value,
    get children() {
      return z.array(node);
    },
  });
  return node;
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
