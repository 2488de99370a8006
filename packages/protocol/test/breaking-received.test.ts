import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ContractInput, durable, ephemeral } from '../src/contract.js';
import type { AccessRule } from '../src/contract-types.js';
import { action, changes, chat, data, loose, message, text } from './compare-contracts.js';

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
