import { CLOSE_CODES, decodeServerFrames, type ErrorCode, isErrorCode, TrunklineError } from '@trunkline/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCommand } from '../../src/canonical/canonical-commands.js';
import { CanonicalConversation } from '../../src/canonical/canonical-conversation.js';
import { canonicalEncoder } from '../../src/canonical/canonical-encoder.js';
import type { Notice } from '../../src/seams/notice.js';
import type { Command, Reply } from '../../src/seams/session.js';

const POSITION = { epoch: 'e1', offset: 4, lastId: 'ev-4' };
const FROM = { userId: 'u1', connectionId: 'c_1' };
const encoded = (notice: Notice) => {
  const text = canonicalEncoder.encode(notice);
  return text === null ? null : decodeServerFrames(text)[0];
};

describe('the canonical encoder', () => {
  const LIMITS = {
    maxMessageBytes: 1,
    maxRooms: 2,
    maxUnacked: 3,
    messagesPerSecond: 4,
    burst: 5,
    dedupeWindowMs: 6,
    reconnectSpreadMs: 7,
  };
  const heartbeat = { intervalMs: 25_000, timeoutMs: 10_000 };
  const principal = { userId: 'u1', roles: ['admin'], rooms: [], claims: { secret: 'x' }, expiresAt: 9 };
  const MEMBER = { userId: 'u2', connectionIds: ['c_2'], state: null };
  const event = { room: 'lobby:main', event: 'message', id: 'ev-1', from: FROM, data: { text: 'a' }, timestamp: 5 };

  const WORDS: readonly (readonly [Notice, object | null])[] = [
    [
      {
        type: 'opened',
        ref: 'h1',
        connectionId: 'c_1',
        session: 's',
        principal,
        serverTime: 8,
        limits: LIMITS,
        heartbeat,
      },
      {
        type: 'welcome',
        id: 'h1',
        connectionId: 'c_1',
        session: 's',
        userId: 'u1',
        serverTime: 8,
        heartbeat,
        limits: LIMITS,
        expiresAt: 9,
      },
    ],
    [
      { type: 'event', ...event, ref: 'p1', offset: 7, epoch: 'e1', replayed: true },
      { type: 'event', ...event, ref: 'p1', offset: 7, epoch: 'e1' },
    ],
    [
      { type: 'event', ...event, provisional: true },
      { type: 'event', ...event, provisional: true },
    ],
    [
      { type: 'direct', ...event },
      { type: 'event', ...event },
    ],
    [
      { type: 'broadcast', event: 'system_notification', id: 'b1', data: 1, timestamp: 5 },
      {
        type: 'event',
        room: 'system:all',
        event: 'system_notification',
        id: 'b1',
        from: { service: 'hub' },
        data: 1,
        timestamp: 5,
      },
    ],
    [
      { type: 'presence', room: 'lobby:main', version: 2, change: 'join', member: MEMBER, timestamp: 5 },
      { type: 'presence', room: 'lobby:main', version: 2, change: 'join', member: MEMBER },
    ],
    [
      { type: 'presence', room: 'lobby:main', version: 2, change: 'sync', members: [MEMBER], timestamp: 5 },
      { type: 'presence', room: 'lobby:main', version: 2, change: 'sync', members: [MEMBER] },
    ],
    [
      {
        type: 'joined',
        ref: 'j1',
        room: 'lobby:main',
        position: POSITION,
        recovered: false,
        reason: 'trimmed',
        missed: 0,
        presence: { version: 1, members: [] },
        timestamp: 5,
      },
      {
        type: 'joined',
        id: 'j1',
        room: 'lobby:main',
        position: POSITION,
        recovered: false,
        reason: 'trimmed',
        missed: 0,
        presence: { version: 1, members: [] },
      },
    ],
    [
      { type: 'joined', room: 'user:u1', position: POSITION, recovered: false, missed: 0, timestamp: 5 },
      { type: 'joined', room: 'user:u1', position: POSITION, recovered: false, missed: 0 },
    ],
    [
      {
        type: 'join_refused',
        ref: 'h1',
        room: 'booking:1',
        index: 0,
        error: new TrunklineError('forbidden', 'No.', { path: 'room' }),
      },
      { type: 'error', id: 'h1', code: 'forbidden', message: 'No.', retryable: false, path: 'rooms.0' },
    ],
    [
      { type: 'left', room: 'booking:1', reason: 'relation_removed', retryable: false, timestamp: 5 },
      { type: 'left', room: 'booking:1', reason: 'relation_removed', retryable: false },
    ],
    [
      { type: 'receipt', room: 'conversation:7', epoch: 'e1', cursors: [{ userId: 'u2', read: 4 }] },
      { type: 'receipt', room: 'conversation:7', epoch: 'e1', cursors: [{ userId: 'u2', read: 4 }] },
    ],
    [
      { type: 'gap', room: 'lobby:main', reason: 'rewound', from: POSITION, position: POSITION },
      { type: 'gap', room: 'lobby:main', reason: 'rewound', from: POSITION, position: POSITION },
    ],
    [
      { type: 'call', id: 'k1', method: 'open', data: 1 },
      { type: 'call', id: 'k1', method: 'open', data: 1 },
    ],
    [
      { type: 'call_cancelled', of: 'k1' },
      { type: 'cancel', of: 'k1' },
    ],
    [
      { type: 'progress', ref: 'r1', data: 40 },
      { type: 'progress', id: 'r1', data: 40 },
    ],
    [{ type: 'ping' }, { type: 'ping' }],
    [
      { type: 'expiring', expiresAt: 9 },
      { type: 'expiring', expiresAt: 9 },
    ],
    [
      { type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 3_200 },
      { type: 'goaway', code: 1012, reason: 'service_restart', reconnect: true, afterMs: 3_200 },
    ],
    [{ type: 'relation', object: 'group:1', relation: 'member', present: true, userId: 'u1', timestamp: 5 }, null],
  ];
  it.each(WORDS.map(([notice, frame]) => [notice.type, notice, frame] as const))('words %s', (_, notice, frame) => {
    expect(encoded(notice)).toEqual(frame);
  });
});

describe('a canonical command', () => {
  const SMUGGLED = { bound: true, context: { sessionId: 'x' }, rooms: ['user:other'], listed: true, path: 'x' };
  const COMMANDS: readonly (readonly [object, Command])[] = [
    [
      { type: 'publish', id: '1', room: 'lobby:main', event: 'message', data: 1 },
      { type: 'publish', id: '1', rooms: ['lobby:main'], event: 'message', data: 1 },
    ],
    [
      { type: 'publish', id: '1', room: ['lobby:a', 'lobby:b'], event: 'message', data: 1 },
      { type: 'publish', id: '1', rooms: ['lobby:a', 'lobby:b'], event: 'message', data: 1, listed: true },
    ],
    [
      { type: 'join', id: '1', room: 'lobby:main', position: { ...POSITION, more: 1 }, rewind: 3 },
      { type: 'join', id: '1', room: 'lobby:main', position: POSITION, rewind: 3 },
    ],
    [
      { type: 'leave', id: '1', room: 'lobby:main' },
      { type: 'leave', id: '1', room: 'lobby:main' },
    ],
    [
      { type: 'skip', id: '1', room: 'lobby:main', of: '0' },
      { type: 'skip', id: '1', room: 'lobby:main', of: '0' },
    ],
    [
      { type: 'send', id: '1', to: 'c_2', event: 'typing', data: {} },
      { type: 'send', id: '1', to: 'c_2', event: 'typing', data: {} },
    ],
    [
      { type: 'request', id: '1', action: 'echo', data: {}, timeoutMs: 5 },
      { type: 'request', id: '1', action: 'echo', data: {}, timeoutMs: 5 },
    ],
    [
      { type: 'cancel', id: '1', of: '0' },
      { type: 'cancel', id: '1', of: '0' },
    ],
    [
      { type: 'result', id: '1', of: 'k1', data: 2 },
      { type: 'result', id: '1', of: 'k1', data: 2 },
    ],
    [
      { type: 'result', id: '1', of: 'k1', data: 2, error: { code: 'x', message: 'y', stack: 'z' } },
      { type: 'result', id: '1', of: 'k1', error: { code: 'x', message: 'y' } },
    ],
    [
      { type: 'presence', id: '1', state: null },
      { type: 'presence', id: '1', state: null },
    ],
    [
      { type: 'read', id: '1', room: 'conversation:7', epoch: 'e1', offset: 4, kind: 'read' },
      { type: 'read', id: '1', room: 'conversation:7', epoch: 'e1', offset: 4, kind: 'read' },
    ],
    [
      { type: 'receipts', id: '1', room: 'conversation:7', offset: 4 },
      { type: 'receipts', id: '1', room: 'conversation:7', offset: 4 },
    ],
    [
      { type: 'history', id: '1', room: 'lobby:main', before: 9, limit: 5 },
      { type: 'history', id: '1', room: 'lobby:main', before: 9, limit: 5 },
    ],
    [
      { type: 'refresh', id: '1', token: 't' },
      { type: 'refresh', id: '1', token: 't' },
    ],
    [{ type: 'pong' }, { type: 'pong' }],
  ];
  it.each(COMMANDS.map(([frame, command]) => [command.type, frame, command] as const))(
    '%s has its own fields and no others',
    (_, frame, command) => {
      expect(readCommand(JSON.stringify(frame))).toEqual(command);
      const withMore = readCommand(JSON.stringify({ ...SMUGGLED, ...frame }));
      expect(withMore).toEqual(command);
    },
  );

  const REFUSALS: readonly (readonly [string, ErrorCode, string | undefined])[] = [
    ['{', 'malformed', undefined],
    ['[]', 'malformed', undefined],
    ['{"type":"nonsense","id":"1"}', 'unknown_frame', '1'],
    ['{"type":"__proto__","id":"1"}', 'unknown_frame', '1'],
    ['{"type":"join","id":"1"}', 'invalid_frame', '1'],
    ['{"type":"join","room":"lobby:main"}', 'invalid_frame', undefined],
    ['{"type":"hello","id":"1"}', 'already_authenticated', '1'],
    ['{"type":"publish","id":"1","room":"lobby:a","event":"message","data":{"__proto__":1}}', 'invalid_frame', '1'],
    ['{"type":"publish","id":"1","room":"lobby:a","event":"message","data":1e400}', 'invalid_frame', '1'],
  ];
  it.each(REFUSALS)('%s is refused', (text, code, id) => {
    const command = readCommand(text);
    expect(command).toMatchObject({ type: 'refused', error: { code } });
    expect(command.type === 'refused' ? command.id : '?').toBe(id);
  });

  it('of depth 10 000 is refused in little processor time', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    // The least of several: the collector and the compiler have threads of their own.
    const elapsedMs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      const command = readCommand(`{"type":"publish","id":"1","room":"lobby:a","event":"m","data":${deep}}`);
      expect(command).toMatchObject({ type: 'refused', error: { code: 'invalid_frame', path: 'data' } });
      return process.cpuUsage(before).user / 1_000;
    });
    expect(Math.min(...elapsedMs)).toBeLessThan(50);
  });
});

describe('a canonical answer', () => {
  const conversation = new CanonicalConversation({ address: '192.0.2.1' });
  const words = (reply: Reply, command: Command) =>
    conversation.reply(reply, { command }).map((text) => JSON.parse(text));
  const publish: Command = { type: 'publish', id: '1', rooms: ['lobby:a'], event: 'message', data: 1 };

  it('to one room tells its place, to a list each', () => {
    const rooms = [{ room: 'lobby:a', epoch: 'e1', offset: 3, duplicate: true }] as const;
    const ack: Reply = { type: 'ack', eventId: 'ev', rooms };
    expect(words(ack, publish)).toEqual([
      { type: 'ack', id: '1', eventId: 'ev', epoch: 'e1', offset: 3, duplicate: true },
    ]);
    expect(words(ack, { ...publish, listed: true })).toEqual([{ type: 'ack', id: '1', eventId: 'ev', rooms }]);
  });

  it('to an ephemeral publish or a send has the event id alone', () => {
    expect(words({ type: 'ack', eventId: 'ev', rooms: [] }, publish)).toEqual([
      { type: 'ack', id: '1', eventId: 'ev' },
    ]);
  });

  it('to leave is null', () => {
    const leave: Command = { type: 'leave', id: '2', room: 'lobby:a' };
    expect(words({ type: 'left', room: 'lobby:a', timestamp: 1 }, leave)).toEqual([
      { type: 'response', id: '2', data: null },
    ]);
  });

  it('without data is null, because JSON has nothing for undefined', () => {
    for (const data of [undefined, () => 1, Symbol('s')])
      expect(words({ type: 'response', data }, publish)).toEqual([{ type: 'response', id: '1', data: null }]);
  });

  it('of an error has the id of its frame, or none', () => {
    const error = new TrunklineError('invalid_data', 'No.', { path: 'data.text', retryAfterMs: 5 });
    const body = {
      type: 'error',
      code: 'invalid_data',
      message: 'No.',
      retryable: false,
      path: 'data.text',
      retryAfterMs: 5,
    };
    expect(words({ type: 'error', error }, publish)).toEqual([{ ...body, id: '1' }]);
    expect(words({ type: 'error', error }, { type: 'refused', error })).toEqual([body]);
  });

  it('of nothing is nothing', () => {
    expect(words({ type: 'done' }, { type: 'pong' })).toEqual([]);
  });
});

const LONG_RUNS = process.env.LONG ? 100_000 : 5_000;

describe('whatever a client sends', () => {
  const json = fc.jsonValue({ maxDepth: 6 });
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
      __proto__: json,
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
