import { describe, expect, test } from 'vitest';
import { bookingCodec } from '../../src/booking/index.js';
import { falconCodec } from '../../src/falcon/index.js';
import { secureconnectCodec } from '../../src/secureconnect/index.js';
import { shipvoxCodec } from '../../src/shipvox/index.js';
import { CONVERSATION, decode } from '../support/codecs.js';

describe('frames to commands', () => {
  test.each([
    [
      'shipvox message',
      shipvoxCodec(),
      { type: 'quote_ready', payload: 1, timestamp: 1, requestId: 'r', user: 'eve' },
      {
        type: 'publish',
        rooms: ['shipvox:all'],
        event: 'message',
        data: { type: 'quote_ready', payload: 1, requestId: 'r', user: 'alice' },
      },
    ],
    [
      'shipvox own room',
      shipvoxCodec('user'),
      { type: 'test', payload: null, timestamp: 1, requestId: 'r' },
      {
        type: 'publish',
        rooms: ['shipvox:alice'],
        event: 'message',
        data: { type: 'test', payload: null, requestId: 'r', user: 'alice' },
      },
    ],
    [
      'shipvox auth',
      shipvoxCodec(),
      { type: 'auth', payload: { token: 't' }, timestamp: 1, requestId: 'r' },
      { type: 'refresh', token: 't' },
    ],
    ['booking join', bookingCodec, { type: 'join', room: 'booking:1' }, { type: 'join', room: 'booking:1' }],
    ['booking leave', bookingCodec, { type: 'leave', room: 'user:a' }, { type: 'leave', room: 'user:a' }],
    [
      'booking typing',
      bookingCodec,
      { type: 'typing', room: 'support:1', data: { isTyping: false } },
      {
        type: 'publish',
        rooms: ['support:1'],
        event: 'typing',
        data: { isTyping: false },
      },
    ],
    [
      'secureconnect chat',
      secureconnectCodec,
      { type: 'chat', content: 'x', sender_id: 'eve' },
      {
        type: 'publish',
        rooms: [`conversation:${CONVERSATION}`],
        event: 'chat',
        data: { content: 'x', is_encrypted: false, message_type: 'text', metadata: {} },
      },
    ],
    [
      'secureconnect read',
      secureconnectCodec,
      { type: 'read', message_id: 'm' },
      {
        type: 'publish',
        rooms: [`conversation:${CONVERSATION}`],
        event: 'read',
        data: { message_id: 'm' },
      },
    ],
    [
      'falcon message',
      falconCodec,
      { type: 'message', room: 'general', data: { text: 'x' } },
      {
        type: 'publish',
        rooms: ['lobby:general'],
        event: 'message',
        data: { text: 'x' },
      },
    ],
    [
      'falcon direct',
      falconCodec,
      { type: 'message', to: 'c-2', data: {} },
      { type: 'send', to: 'c-2', event: 'message', data: {} },
    ],
    [
      'falcon direct in a room',
      falconCodec,
      { type: 'custom_event', to: 'c-2', room: 'general', data: {} },
      { type: 'send', to: 'c-2', room: 'lobby:general', event: 'custom_event', data: {} },
    ],
    [
      'falcon join',
      falconCodec,
      { type: 'room_update', room: 'thread:1', data: { action: 'join' } },
      { type: 'join', room: 'thread:1' },
    ],
    [
      'falcon leave',
      falconCodec,
      { type: 'room_update', room: 'x', data: { action: 'leave' } },
      { type: 'leave', room: 'lobby:x' },
    ],
    [
      'falcon presence',
      falconCodec,
      { type: 'presence', data: { status: 'away', extra: 1 } },
      { type: 'presence', state: { status: 'away' } },
    ],
    [
      'falcon presence in one room',
      falconCodec,
      { type: 'presence', room: 'general', data: { status: 'away' } },
      { type: 'presence', room: 'lobby:general', state: { status: 'away' } },
    ],
    ['falcon heartbeat', falconCodec, { type: 'heartbeat' }, { type: 'pong', isAnswered: true }],
  ])('%s', (_, codec, frame, command) => expect(decode(codec, frame)).toEqual(command));

  const codecs = {
    shipvox: shipvoxCodec(),
    booking: bookingCodec,
    secureconnect: secureconnectCodec,
    falcon: falconCodec,
  };
  const unreadable = [
    '{',
    '',
    '[]',
    'null',
    '"x"',
    '1',
    '{}',
    '{"type":1}',
    '{"type":"toString"}',
    '{"type":"__proto__"}',
    '{"type":"x","constructor":{}}',
  ];
  test.each(Object.entries(codecs))('%s refuses what it can not read', (_, codec) => {
    for (const frame of unreadable) expect(decode(codec, frame).type, frame).toBe('refused');
    expect(decode(codec, `{"type":"typing","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`).type).toBe('refused');
  });
});

test.each(Object.entries({ bookingCodec, falconCodec, secureconnectCodec, shipvoxCodec: shipvoxCodec() }))(
  '%s tells text that is no JSON from JSON that is no message',
  (_, codec) => {
    for (const [text, code] of [
      ['', 'malformed'],
      ['{', 'malformed'],
      ['[]', 'invalid_frame'],
      ['null', 'invalid_frame'],
      ['{"type":"nonsense"}', 'unknown_frame'],
    ] as const)
      expect(decode(codec, text), text).toMatchObject({ type: 'refused', error: { code } });
  },
);
