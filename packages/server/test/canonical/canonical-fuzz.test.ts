import { CLOSE_CODES, isErrorCode } from '@trunkline/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCommand } from '../../src/canonical/canonical-commands.js';
import { CanonicalConversation } from '../../src/canonical/canonical-conversation.js';

const LONG_RUNS = process.env.LONG ? 100_000 : 5_000;

describe('whatever a client sends', () => {
  const plain = fc.jsonValue({ maxDepth: 6 });
  const json = fc.oneof(plain, fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'prototype', 'text'), plain));
  const types = [
    'hello',
    'publish',
    'join',
    'leave',
    'send',
    'request',
    'cancel',
    'result',
    'presence',
    'read',
    'receipts',
    'history',
    'refresh',
    'skip',
    'pong',
    '__proto__',
    'constructor',
  ];
  const frame = fc.record(
    {
      type: fc.oneof(fc.constantFrom(...types), json),
      id: fc.oneof(fc.string(), json),
      room: fc.oneof(fc.string(), fc.array(fc.string()), json),
      event: fc.oneof(fc.string(), json),
      data: json,
      of: fc.oneof(fc.string(), json),
      position: fc.oneof(fc.record({ epoch: fc.string(), offset: fc.double(), lastId: fc.string() }), json),
      rooms: json,
      error: json,
      state: json,
      token: fc.oneof(fc.string(), json),
      // Without brackets it would be the prototype of this very object, and never come.
      ['__proto__']: json,
    },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    frame.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string({ unit: 'binary' }),
    frame.chain((value) => {
      const whole = JSON.stringify(value);
      return fc.nat(whole.length).map((length) => whole.slice(0, length));
    }),
  );

  it('never throws, is told a code of the table, and reaches no prototype', () => {
    fc.assert(
      fc.property(text, (sent) => {
        const command = readCommand(sent);
        if (command.type === 'refused') expect(isErrorCode(command.error.code)).toBe(true);
        const hello = new CanonicalConversation({ address: '192.0.2.1' }).hello(sent);
        if ('code' in hello) {
          expect(Object.hasOwn(CLOSE_CODES, hello.code)).toBe(true);
          expect(hello.frames).toHaveLength(1);
        }
      }),
      { numRuns: LONG_RUNS },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
