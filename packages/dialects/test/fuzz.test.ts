import type { Codec, Command, RequestHead } from '@trunkline/server';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedOf, readHandshake, readRequest } from '../src/actions/codec.js';
import { bookingCodec } from '../src/booking/index.js';
import { falconCodec } from '../src/falcon/index.js';
import { secureconnectCodec } from '../src/secureconnect/index.js';
import { shipvoxCodec } from '../src/shipvox/index.js';

/** `LONG=1` gives each decoder a minute. */
const LONG_MS = 60_000;
const bounds = process.env.LONG
  ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: LONG_MS }
  : { numRuns: 1_000 };

const plain = fc.jsonValue({ maxDepth: 5 });
const json = fc.oneof(plain, fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'prototype', 'text'), plain));
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 50 }), json);
const WORDS = ['join', 'leave', 'message', 'chat', 'typing', 'read', 'auth', 'presence', 'heartbeat', 'room_update'];
const types = fc.oneof(fc.constantFrom(...WORDS, 'REQUEST', 'PING', 'pong', '__proto__', 'toString'), text);
const frame = fc.record(
  {
    type: types,
    room: fc.oneof(fc.constantFrom('booking:1', 'group:a', 'lobby:a', '__proto__:a', 'group:'), text),
    data: json,
    payload: json,
    requestId: text,
    action: text,
    content: text,
    message_id: text,
    metadata: json,
    to: text,
    timestamp: fc.oneof(fc.double(), text),
    // Without brackets it would be the prototype of this very object, and never come.
    ['__proto__']: json,
  },
  { requiredKeys: ['type'] },
);
const sent = fc.oneof(
  frame.map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string({ unit: 'binary' }),
  frame.chain((value) => {
    const whole = JSON.stringify(value);
    return fc.nat(whole.length).map((length) => whole.slice(0, length));
  }),
);

const HEAD: RequestHead = {
  method: 'GET',
  path: '/',
  query: new URLSearchParams('conversation_id=550e8400-e29b-41d4-a716-446655440000&token=t'),
  headers: {},
  address: '192.0.2.1',
  protocols: [],
  port: 80,
};
const HANDSHAKE = { token: 't', sessionId: 's' };
const TRUSTED_FIELDS = ['from', 'principal', 'roles', 'offset', 'epoch'] satisfies string[];

function expectHarmless(command: Command): void {
  expect(typeof command.type).toBe('string');
  for (const field of TRUSTED_FIELDS) if (command.type === 'publish') expect(Object.hasOwn(command, field)).toBe(false);
}

describe('whatever its clients send', () => {
  const codecs: Readonly<Record<string, () => Codec>> = {
    booking: () => bookingCodec,
    falcon: () => falconCodec,
    secureconnect: () => secureconnectCodec,
    shipvox: () => shipvoxCodec(),
  };

  test.each(Object.entries(codecs))(
    '%s never throws, and reaches no prototype',
    (_, make) => {
      const conversation = make().open(HEAD);
      conversation.opened?.('c-1', 'alice', () => {});
      fc.assert(
        fc.property(sent, (bytes) => {
          for (const { command } of conversation.decode(bytes)) expectHarmless(command);
        }),
        bounds,
      );
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    LONG_MS * 2,
  );

  test(
    'actions never throws but its own refusals, and reaches no prototype',
    () => {
      fc.assert(
        fc.property(fc.oneof(sent, frame, json), fc.dictionary(fc.string(), json), (message, handshake) => {
          const read = readRequest(message);
          if (read.ok && 'requestId' in read.frame) expectHarmless(askedOf(read.frame, 'socket', HANDSHAKE).command);
          try {
            readHandshake(handshake, handshake);
          } catch (error) {
            expect(error).toMatchObject({ name: 'TrunklineError' });
          }
        }),
        bounds,
      );
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    LONG_MS * 2,
  );
});
