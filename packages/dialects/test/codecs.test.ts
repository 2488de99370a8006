import { TrunklineError } from '@trunkline/protocol';
import type { Codec, Command, EventNotice, Notice, Reply, RequestHead } from '@trunkline/server';
import { describe, expect, test } from 'vitest';
import { askedOf, readHandshake, readRequest, roomsOf, wordRefusal } from '../src/actions/codec.js';
import { actionsEncoder } from '../src/actions/index.js';
import { bookingCodec, foreignMessages } from '../src/booking/index.js';
import { plainCloseCode } from '../src/close-codes.js';
import { falconCodec, serverMessageSchema as falconMessages } from '../src/falcon/index.js';
import { rememberNewest } from '../src/remember-newest.js';
import { secureconnectCodec } from '../src/secureconnect/index.js';
import { shipvoxCodec, serverMessageSchema as shipvoxMessages } from '../src/shipvox/index.js';

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const AT = Date.UTC(2024, 9, 2, 19);
const ISO = '2024-10-02T19:00:00.000Z';
const alice = { userId: 'alice', connectionId: 'c-1' };

function head(query = '', headers: RequestHead['headers'] = {}, protocols: readonly string[] = []): RequestHead {
  return {
    method: 'GET',
    path: '/',
    query: new URLSearchParams(query),
    headers,
    address: '192.0.2.1',
    protocols,
    port: 80,
  };
}

function event(room: string, name: string, data: unknown, from: EventNotice['from'] = alice): EventNotice {
  return { type: 'event', room, event: name, id: 'e-1', from, data, timestamp: AT };
}

function direct(name: string): Notice {
  return { ...event('lobby:general', name, {}), type: 'direct' };
}

/** The command of one frame, without the random id. */
function decode(codec: Codec, frame: unknown): Partial<Command> {
  const conversation = codec.open(head(`conversation_id=${CONVERSATION}`));
  conversation.opened?.('c-1', 'alice', () => {});
  const [decoded] = conversation.decode(typeof frame === 'string' ? frame : JSON.stringify(frame));
  if (decoded === undefined) throw new Error('no command');
  const { id: _, ...command } = { id: '', ...decoded.command };
  return command;
}

const encode = (codec: Codec, notice: Notice) => {
  const text = codec.encode(notice);
  return text === null ? null : JSON.parse(text);
};

describe('credentials', () => {
  const token = (codec: Codec, from: RequestHead) => codec.greet(from)?.credentials.token;
  test.each([
    ['shipvox, query', token(shipvoxCodec(), head('token=t')), 't'],
    ['shipvox, none', token(shipvoxCodec(), head()), undefined],
    ['booking, query', token(bookingCodec, head('token=t')), 't'],
    [
      'booking, subprotocol before query',
      token(bookingCodec, head('token=q', {}, ['booking', 'trunkline.bearer.t'])),
      't',
    ],
    [
      'secureconnect, header before query',
      token(secureconnectCodec, head(`conversation_id=${CONVERSATION}&access_token=q`, { authorization: 'Bearer t' })),
      't',
    ],
    ['secureconnect, query', token(secureconnectCodec, head(`conversation_id=${CONVERSATION}&access_token=q`)), 'q'],
    [
      'falcon, header before cookie',
      token(falconCodec, head('', { authorization: 'bearer t', cookie: 'falcon_auth_token=c' })),
      't',
    ],
    ['falcon, cookie among others', token(falconCodec, head('', { cookie: 'a=b; falcon_auth_token="c"; d' })), 'c'],
    [
      'falcon, a cookie that only looks like it',
      token(falconCodec, head('', { cookie: 'xfalcon_auth_token=c; falcon_auth_token2=d' })),
      undefined,
    ],
    [
      'falcon, an empty cookie, as of who logged out',
      token(falconCodec, head('', { cookie: 'falcon_auth_token=' })),
      undefined,
    ],
    [
      'falcon, a word without a value before the cookie',
      token(falconCodec, head('', { cookie: 'falcon_auth_tokens; falcon_auth_token = c ;a=b' })),
      'c',
    ],
  ])('%s', (_, found, expected) => expect(found).toBe(expected));

  test('a cookie is marked as one and brings its origin', () => {
    const { credentials } = falconCodec.greet(head('', { cookie: 'falcon_auth_token=c', origin: 'https://a' })) ?? {};
    expect(credentials).toEqual({ address: '192.0.2.1', token: 'c', fromCookie: true, origin: 'https://a' });
  });

  test('secureconnect asks for the conversation of the URL', () => {
    expect(secureconnectCodec.greet(head(`conversation_id=${CONVERSATION}`))?.rooms).toEqual([
      `conversation:${CONVERSATION}`,
    ]);
    for (const query of ['', 'conversation_id=1']) {
      expect(() => secureconnectCodec.greet(head(query))).toThrow(TrunklineError);
    }
  });
});

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

describe('shipvox, per connection', () => {
  const open = () => {
    const conversation = shipvoxCodec().open(head());
    conversation.opened?.('c-9', 'alice', () => {});
    const result = (requestId: string, type = 'client_tool_result') =>
      conversation.decode(JSON.stringify({ type, payload: 1, timestamp: 1, requestId }))[0]?.command;
    return { hear: (notice: Notice) => conversation.encoder?.encode(notice), result };
  };
  const call = (id: string): Notice => ({ type: 'call', id, method: 'client_tool_call', data: {} });

  test('a result settles a call that this connection was asked, once, and is relayed otherwise', () => {
    const { hear, result } = open();
    for (const notice of [call('k-1'), call('k-2'), { type: 'call_cancelled', of: 'k-2' } as const]) hear(notice);
    hear(event('shipvox:all', 'message', { type: 'test', payload: 1, requestId: 'r' }));
    expect(result('k-1', 'quote_ready')?.type).toBe('publish');
    expect(result('k-1')).toMatchObject({ type: 'result', of: 'k-1', data: 1 });
    for (const requestId of ['k-1', 'k-2', 'e-1', 'r']) expect(result(requestId)?.type, requestId).toBe('publish');
  });

  test.each(['{', '{"type":"x"}', '{"type":"test","requestId":""}', '{"type":"test","requestId":7}'])(
    'a refusal of %s, which has no request id to repeat, has one of its own',
    (text) => {
      const conversation = shipvoxCodec().open(head());
      const [decoded] = conversation.decode(text);
      const error = new TrunklineError('invalid_frame', 'm');
      const said = decoded === undefined ? [] : conversation.reply({ type: 'error', error }, decoded);
      expect(said.map((one) => shipvoxMessages.parse(JSON.parse(one)))).toMatchObject([{ type: 'error' }]);
    },
  );

  test('remembers 1 000 calls that wait', () => {
    const { hear, result } = open();
    for (let n = 0; n <= 1_000; n++) hear(call(`k-${n}`));
    expect(['k-0', 'k-999', 'k-1000'].map((id) => result(id)?.type)).toEqual(['result', 'result', 'publish']);
  });
});

describe('falcon, per connection', () => {
  const open = () => {
    const conversation = falconCodec.open(head());
    conversation.opened?.('c-9', 'alice', () => {});
    const decode = (frame: object) => conversation.decode(JSON.stringify(frame))[0];
    const encode = (notice: Notice) => JSON.parse(conversation.encoder?.encode(notice) ?? 'null');
    const calls = (room: string) => encode(event(room, 'message', {})).room;
    const answer = (reply: Reply, frame: object) => {
      const decoded = decode(frame);
      return decoded === undefined ? [] : conversation.reply(reply, decoded).map((text) => JSON.parse(text));
    };
    return { answer, calls, decode, encode };
  };
  const refused: Reply = { type: 'error', error: new TrunklineError('forbidden', 'm') };

  test('calls a lobby as the client called it last', () => {
    const { calls, decode } = open();
    expect(calls('lobby:x')).toBe('x');
    decode({ type: 'message', room: 'lobby:x', data: {} });
    expect(calls('lobby:x')).toBe('lobby:x');
    expect(calls('lobby:y')).toBe('y');
    decode({ type: 'message', room: 'x', data: {} });
    expect(calls('lobby:x')).toBe('x');
  });

  test('remembers the full names of 200 lobbies, and counts none of other rooms', () => {
    const { calls, decode } = open();
    for (let n = 0; n < 200; n++) decode({ type: 'message', room: `group:${n}`, data: {} });
    for (let n = 0; n <= 200; n++) decode({ type: 'message', room: `lobby:${n}`, data: {} });
    expect([0, 199, 200].map((n) => calls(`lobby:${n}`))).toEqual(['lobby:0', 'lobby:199', '200']);
  });

  test('a direct message is to this connection, and what has no word stays unsaid', () => {
    const { encode } = open();
    expect(encode(direct('message'))).toMatchObject({ type: 'message', to: 'c-9' });
    expect(encode(direct('typing'))).toBe(null);
    expect(encode(event('lobby:general', 'message', {}))).not.toHaveProperty('to');
  });

  test('answers nothing but heartbeats, leaves and refusals', () => {
    const { answer } = open();
    const message = { type: 'message', room: 'general', data: {}, id: '7' };
    expect(answer({ type: 'ack', eventId: 'e-1', rooms: [] }, message)).toEqual([]);
    expect(answer({ type: 'done' }, { type: 'presence', data: { status: 'away' } })).toEqual([]);
    expect(answer({ type: 'done' }, { type: 'heartbeat', id: '7' })).toMatchObject([{ type: 'heartbeat', id: '7' }]);
    expect(answer(refused, message)).toMatchObject([{ type: 'error', room: 'general', id: '7' }]);
  });

  test.each([
    ['longer than a message may have', { id: 'x'.repeat(201), room: 'x'.repeat(513) }],
    ['that are no strings', { id: 7, room: ['x'] }],
  ])('a refusal does not repeat an id and a room %s', (_, fields) => {
    const [error] = open().answer(refused, { type: 'message', data: {}, ...fields });
    expect(falconMessages.parse(error)).not.toHaveProperty('id');
    expect(error).not.toHaveProperty('room');
    expect(open().answer(refused, { type: 'message', data: {}, id: 'x'.repeat(200), room: 'x'.repeat(512) })).toEqual([
      expect.objectContaining({ id: 'x'.repeat(200), room: 'x'.repeat(512) }),
    ]);
  });

  test.each([
    ['room', { type: 'message', data: {} }],
    ['room', { type: 'message', room: '', data: {} }],
    ['room', { type: 'message', room: 'x'.repeat(513), data: {} }],
    ['to', { type: 'custom_event', to: '', data: {} }],
    ['to', { type: 'custom_event', to: 'x'.repeat(129), data: {} }],
    ['id', { type: 'heartbeat', id: 'x'.repeat(201) }],
    ['data.status', { type: 'presence', data: { status: '' } }],
    ['data.status', { type: 'presence', data: { status: 'x'.repeat(65) } }],
  ])('refuses a wrong %s: %o', (path, frame) => {
    expect(decode(falconCodec, frame)).toMatchObject({ type: 'refused', error: { code: 'invalid_frame', path } });
  });
});

describe('actions', () => {
  const principal = (companyId?: string, sessionId?: string) => ({
    userId: 'alice',
    roles: [],
    rooms: [],
    claims: {},
    expiresAt: null,
    ...(companyId === undefined ? {} : { companyId }),
    ...(sessionId === undefined ? {} : { sessionId }),
  });
  const handshake = { token: 't', sessionId: 's' };

  test('reads v4 and v2 handshakes', () => {
    expect(readHandshake({ token: 't' }, { sessionId: 's' })).toEqual(handshake);
    expect(readHandshake({}, { sessionId: 's', token: 't', artifactId: 'a' })).toEqual({
      ...handshake,
      artifactId: 'a',
    });
    for (const query of [{}, { sessionId: ['a', 'b'] }, { sessionId: '' }])
      expect(() => readHandshake({ token: 't' }, query)).toThrow('sessionId');
  });

  test.each([
    ['no company', principal(), handshake, []],
    ['company', principal('acme'), handshake, ['company:acme']],
    ['artifact', principal('acme', 's'), { ...handshake, artifactId: 'a/b' }, ['company:acme', 'artifact:acme/a/b']],
    ['a company that would reach another’s rooms', principal('acme/a'), { ...handshake, artifactId: 'b' }, []],
    ['a company whose id can name no room', principal('acme inc.'), handshake, []],
  ])('rooms: %s', (_, who, what, rooms) => expect(roomsOf(who, what)).toEqual(rooms));

  test('the id of a request is the socket’s and the whole request’s', () => {
    const id = (socket: string, requestId: string, data: unknown) =>
      askedOf({ requestId, action: 'a', data }, socket, handshake).command.id;
    expect(id('s1', 'r', { n: 1 })).toBe(id('s1', 'r', { n: 1 }));
    expect(new Set([id('s1', 'r', 1), id('s1', 'r', 2), id('s1', 'r2', 1), id('s2', 'r', 1)]).size).toBe(4);
    expect(id('s1', 'x'.repeat(200), 1)).toMatch(/^[\x21-\x7e]{1,128}$/);
  });

  test('reads objects and text alike', () => {
    const message = { type: 'REQUEST', requestId: 'r', action: 'a' };
    expect(readRequest(message)).toEqual(readRequest(JSON.stringify(message)));
    for (const unreadable of [undefined, null, 7, [], Buffer.from('{}'), { type: 'RESPONSE' }])
      expect(readRequest(unreadable).ok).toBe(false);
  });

  test('words codes of ours in capitals and a backend’s as they are', () => {
    expect(wordRefusal(new TrunklineError('rate_limited', 'm', { retryAfterMs: 5 }))).toEqual({
      code: 'RATE_LIMITED',
      message: 'm',
      retryAfterMs: 5,
    });
    expect(wordRefusal(new TrunklineError('out_of_stock', 'm'))).toEqual({ code: 'out_of_stock', message: 'm' });
  });

  test.each([undefined, '', 7])('an update with requestId %o gets the event’s id', (requestId) => {
    const frame = actionsEncoder.encode(event('company:acme', 'update', { action: 'x', requestId, data: 1 }));
    expect(frame).toEqual({ type: 'message', message: { type: 'UPDATE', requestId: 'e-1', action: 'x', data: 1 } });
  });
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
