import type { Codec, Notice } from '@trunkline/server';
import { describe, expect, test } from 'vitest';
import { bookingCodec, foreignMessages } from '../../src/booking/index.js';
import { plainCloseCode } from '../../src/close-codes.js';
import { falconCodec } from '../../src/falcon/index.js';
import { rememberNewest } from '../../src/remember-newest.js';
import { secureconnectCodec } from '../../src/secureconnect/index.js';
import { shipvoxCodec } from '../../src/shipvox/index.js';
import { AT, CONVERSATION, direct, encode, event } from '../support/codecs.js';

const ISO = '2024-10-02T19:00:00.000Z';

describe('notices to frames', () => {
  const timestamp = ISO;
  const said = { conversation_id: CONVERSATION, sender_id: 'alice', timestamp };
  const room = `conversation:${CONVERSATION}`;
  const member = { userId: 'alice', connectionIds: ['c-1', 'c-2'], state: null };
  const presence = (change: 'join' | 'update' | 'leave', state: unknown = null): Notice => ({
    type: 'presence',
    room: 'group:g',
    version: 1,
    change,
    member: { ...member, state },
    connectionId: 'c-1',
    timestamp: AT,
  });
  const service = { service: 'billing' };
  const psst = { room: 'general', from: 'c-1', data: {}, timestamp, id: 'e-1' };
  test.each<[string, Codec, Notice, unknown]>([
    [
      'shipvox',
      shipvoxCodec(),
      event('shipvox:all', 'message', { type: 't', payload: 1, requestId: 'r', user: 'eve' }),
      { type: 't', payload: 1, timestamp: AT, requestId: 'r', user: 'alice' },
    ],
    [
      'shipvox, service',
      shipvoxCodec(),
      event('shipvox:all', 'message', { type: 't', payload: 1 }, service),
      { type: 't', payload: 1, timestamp: AT, requestId: 'e-1', user: 'billing' },
    ],
    ['shipvox, no word', shipvoxCodec(), event('lobby:x', 'message', { text: 'x' }), null],
    [
      'booking status',
      bookingCodec,
      event('user:a', 'status_update', { bookingId: '1', status: 's', more: 1 }, service),
      { type: 'status_update', bookingId: '1', status: 's', timestamp },
    ],
    [
      'booking typing',
      bookingCodec,
      event('support:1', 'typing', {}),
      { type: 'typing', userId: 'alice', isTyping: true },
    ],
    [
      'booking typing of a service',
      bookingCodec,
      event('support:1', 'typing', { isTyping: false }, service),
      { type: 'typing', userId: 'billing', isTyping: false },
    ],
    ['booking, no word', bookingCodec, event('user:a', 'notification', {}), null],
    ['secureconnect typing', secureconnectCodec, event(room, 'typing', {}), { type: 'typing', ...said }],
    ['secureconnect stopped typing', secureconnectCodec, event(room, 'typing', { isTyping: false }), null],
    [
      'secureconnect service',
      secureconnectCodec,
      event(room, 'read', { message_id: 'm' }, service),
      { type: 'read', ...said, sender_id: 'billing', message_id: 'm' },
    ],
    [
      'secureconnect left',
      secureconnectCodec,
      { ...presence('leave'), room } as Notice,
      { type: 'user_left', ...said },
    ],
    ['secureconnect update', secureconnectCodec, { ...presence('update'), room } as Notice, null],
    [
      'falcon lobby',
      falconCodec,
      event('lobby:x', 'message', { text: 't' }),
      { type: 'message', room: 'x', from: 'c-1', data: { text: 't' }, timestamp, id: 'e-1' },
    ],
    [
      'falcon service',
      falconCodec,
      event('user:a', 'notification', { n: 1 }, service),
      { type: 'notification', room: 'user:a', data: { n: 1 }, timestamp, id: 'e-1' },
    ],
    ['falcon typing', falconCodec, event('group:g', 'typing', {}), null],
    [
      'falcon of another format',
      falconCodec,
      event(room, 'chat', { content: 'x' }),
      {
        type: 'custom_event',
        room,
        from: 'c-1',
        data: { event: 'chat', data: { content: 'x' } },
        timestamp,
        id: 'e-1',
      },
    ],
    [
      'falcon online',
      falconCodec,
      presence('join'),
      { type: 'presence', room: 'group:g', from: 'c-1', data: { user_id: 'alice', status: 'online' }, timestamp },
    ],
    [
      'falcon status of the SDK',
      falconCodec,
      presence('update', { status: 'away', mood: 1 }),
      { type: 'presence', room: 'group:g', from: 'c-1', data: { user_id: 'alice', status: 'away' }, timestamp },
    ],
    [
      'falcon offline',
      falconCodec,
      presence('leave', { status: 'away' }),
      { type: 'presence', room: 'group:g', from: 'c-1', data: { user_id: 'alice', status: 'offline' }, timestamp },
    ],
    ...[
      ['of a string', 'away', 'away'],
      ['of an empty string', '', 'online'],
      ['of a number', 7, 'online'],
      ['of a status that is no string', { status: 7 }, 'online'],
    ].map(([name, state, status]): [string, Codec, Notice, unknown] => [
      `falcon status ${name}`,
      falconCodec,
      presence('update', state),
      { type: 'presence', room: 'group:g', from: 'c-1', data: { user_id: 'alice', status }, timestamp },
    ]),
    [
      'falcon joined without presence',
      falconCodec,
      {
        type: 'joined',
        room: 'group:g',
        position: { epoch: 'e', offset: 0, lastId: '' },
        recovered: true,
        missed: 0,
        timestamp: AT,
      },
      { type: 'room_joined', room: 'group:g', data: { members: [] }, timestamp },
    ],
    [
      'falcon lobby whose bare name would be another room',
      falconCodec,
      event('lobby:thread:x', 'message', { text: 't' }),
      { type: 'message', room: 'lobby:thread:x', from: 'c-1', data: { text: 't' }, timestamp, id: 'e-1' },
    ],
    ['falcon direct', falconCodec, direct('custom_event'), { type: 'custom_event', ...psst }],
    ['falcon direct, no word', falconCodec, direct('typing'), null],
    [
      'falcon other relation',
      falconCodec,
      { type: 'relation', object: 'booking:1', relation: 'owner', present: true, userId: 'a', timestamp: AT },
      null,
    ],
    [
      'falcon member of no group',
      falconCodec,
      { type: 'relation', object: 'thread:1', relation: 'member', present: true, userId: 'a', timestamp: AT },
      null,
    ],
    [
      'falcon no member of a group',
      falconCodec,
      { type: 'relation', object: 'group:1', relation: 'owner', present: true, userId: 'a', timestamp: AT },
      null,
    ],
  ])('%s', (_, codec, notice, frame) => expect(encode(codec, notice)).toEqual(frame));
});

describe('booking, from other services', () => {
  const support = { id: 'm', message: '', createdAt: ISO };
  const location = { latitude: 90, longitude: -180 };
  const channels = {
    'booking:status': { bookingId: '1', userId: 'a', status: '' },
    'support:message': { ticketId: '7', senderId: 'a', message: support },
    'technician:location': { bookingId: '1', location },
  };
  const reads = (channel: keyof typeof channels, change: object) =>
    foreignMessages[channel].safeParse({ ...channels[channel], ...change }).success;

  test.each([
    ['booking:status', { bookingId: '' }],
    ['booking:status', { userId: '' }],
    ['support:message', { ticketId: '' }],
    ['support:message', { senderId: '' }],
    ['support:message', { message: { ...support, id: '' } }],
    ['technician:location', { bookingId: '' }],
    ['technician:location', { location: { ...location, latitude: 91 } }],
    ['technician:location', { location: { ...location, latitude: -91 } }],
    ['technician:location', { location: { ...location, longitude: 181 } }],
    ['technician:location', { location: { ...location, longitude: -181 } }],
  ] as const)('%s of %o is no message', (channel, change) => {
    expect(reads(channel, {})).toBe(true);
    expect(reads(channel, change)).toBe(false);
  });
});

test('what many connections are told is worded once, and again when there is something new', () => {
  let worded = 0;
  const { encode } = rememberNewest({ encode: ({ type }) => `${type} ${++worded}` });
  const notices = [event('lobby:a', 'message', {}), event('lobby:a', 'message', {})] as const;
  const said = [notices[0], notices[0], notices[1], notices[1]].map((notice) => encode(notice));
  expect(said).toEqual(['event 1', 'event 1', 'event 2', 'event 2']);
});

test.each([
  [1000, 1000],
  [1009, 1009],
  [1011, 1011],
  [1012, 1001],
  [1013, 1011],
  [4000, 1001],
  [4002, 1011],
  [4101, 1008],
  [4102, 1008],
  [4502, 1008],
  [4504, 1008],
] as const)('close code %i is %i in formats with few codes', (code, plain) => expect(plainCloseCode(code)).toBe(plain));
