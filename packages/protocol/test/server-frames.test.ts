import { describe, expect, test } from 'vitest';
import { serverFrameSchema } from '../src/schemas.js';

const room = 'lobby:a';
const position = { epoch: 'e', offset: 0, lastId: '' };
const ann = { userId: 'ann', connectionIds: ['c-1'], state: null };
/** A frame of each type with no more than it must have. */
const LEAST = {
  welcome: {
    id: 'i1',
    connectionId: 'c-1',
    session: 's',
    userId: 'ann',
    serverTime: 0,
    heartbeat: { intervalMs: 1, timeoutMs: 1 },
    limits: {
      maxMessageBytes: 1,
      maxRooms: 1,
      maxUnacked: 1,
      messagesPerSecond: 1,
      burst: 1,
      dedupeWindowMs: 1,
      reconnectSpreadMs: 0,
    },
    expiresAt: null,
  },
  joined: { room, position, recovered: true, missed: 0 },
  left: { room, reason: 'left', retryable: false },
  event: { room, event: 'message', id: 'e-1', from: { userId: 'ann' }, data: null, timestamp: 0 },
  ack: { id: 'i1', eventId: 'e-1' },
  response: { id: 'i1', data: null },
  progress: { id: 'i1', data: null },
  call: { id: 'i1', method: 'ask', data: null },
  cancel: { of: 'i1' },
  presence: { room, version: 0, change: 'join' },
  receipt: { room, epoch: 'e', cursors: [] },
  gap: { room, reason: 'trimmed', from: position, position },
  expiring: { expiresAt: 0 },
  goaway: { code: 4000, reason: 'restart', reconnect: true, afterMs: 0 },
  error: { code: 'timeout', message: 'Too late.', retryable: true },
  ping: {},
} as const;
type FrameType = keyof typeof LEAST;

/** What any of them may have beside it. */
const MORE: readonly (readonly [FrameType, object])[] = [
  ['welcome', { expiresAt: 1 }],
  ['joined', { id: 'i1', reason: 'rewound', presence: { version: 0, members: [ann] } }],
  ['event', { ref: 'i1', offset: 1, epoch: 'e', provisional: true, from: { userId: 'ann', connectionId: 'c-1' } }],
  ['event', { from: { service: 'billing' } }],
  ['ack', { epoch: 'e', offset: 0, duplicate: true, rooms: [{ room }] }],
  ['ack', { rooms: [{ room, epoch: 'e', offset: 0, duplicate: true, error: LEAST.error }] }],
  ['presence', { change: 'sync', members: [ann] }],
  ['presence', { change: 'update', member: ann }],
  ['presence', { change: 'leave', member: ann }],
  ['receipt', { cursors: [{ userId: 'ann' }, { userId: 'bob', delivered: 0, read: 0 }] }],
  ...(['epoch_changed', 'unknown_position', 'purged'] as const).map((reason) => ['gap', { reason }] as const),
  ['error', { id: 'i1', retryAfterMs: 1, path: 'data', retrySafe: false }],
  ['ping', { reconnectSpreadMs: 0 }],
];

const BENT: readonly (readonly [FrameType, object])[] = [
  ['welcome', { id: 'with a space' }],
  ['welcome', { expiresAt: 'soon' }],
  ['welcome', { heartbeat: {} }],
  ['joined', { id: '' }],
  ['joined', { room: 'lobby' }],
  ['joined', { position: { ...position, offset: -1 } }],
  ['joined', { position: { ...position, offset: 0.5 } }],
  ['joined', { position: { ...position, epoch: '' } }],
  ['joined', { missed: -1 }],
  ['joined', { reason: 'because' }],
  ['joined', { presence: { version: 0 } }],
  ['joined', { presence: { members: [] } }],
  ['joined', { presence: { version: 0, members: [{ connectionIds: [], state: null }] } }],
  ['joined', { presence: { version: 0, members: [{ userId: 'ann', state: null }] } }],
  ['joined', { presence: { version: 0, members: [{ userId: 'ann', connectionIds: [] }] } }],
  ['event', { ref: 7 }],
  ['event', { offset: 0 }],
  ['event', { epoch: 7 }],
  ['event', { provisional: false }],
  ['event', { from: {} }],
  ['event', { from: { userId: 'ann', connectionId: 7 } }],
  ['ack', { epoch: 7 }],
  ['ack', { offset: -1 }],
  ['ack', { duplicate: false }],
  ['ack', { rooms: [{}] }],
  ['ack', { rooms: [{ room, epoch: 7 }] }],
  ['ack', { rooms: [{ room, offset: -1 }] }],
  ['ack', { rooms: [{ room, duplicate: false }] }],
  ['ack', { rooms: [{ room, error: 'timeout' }] }],
  ['presence', { change: 'gone' }],
  ['presence', { version: -1 }],
  ['presence', { member: {} }],
  ['presence', { members: [{}] }],
  ['receipt', { cursors: [{}] }],
  ['receipt', { cursors: [{ userId: 'ann', delivered: -1 }] }],
  ['receipt', { cursors: [{ userId: 'ann', read: -1 }] }],
  ['error', { id: '' }],
  ['error', { retryAfterMs: 'soon' }],
  ['error', { path: 7 }],
  ['error', { retrySafe: 'yes' }],
  ['ping', { reconnectSpreadMs: -1 }],
];

const accepts = (type: FrameType, fields: object): boolean => serverFrameSchema.safeParse({ type, ...fields }).success;

describe('serverFrameSchema', () => {
  test.each(Object.entries(LEAST))(
    'takes a %s with a field of a later version, and none that lacks one of its own',
    (name, least) => {
      const type = name as FrameType;
      expect(accepts(type, { ...least, later: 1 })).toBe(true);
      for (const lacking of withoutEach(least)) expect([lacking, accepts(type, lacking)]).toEqual([lacking, false]);
    },
  );

  test.each(MORE)('takes a %s with %j', (type, fields) => {
    expect(accepts(type, { ...LEAST[type], ...fields })).toBe(true);
  });

  test.each(BENT)('refuses a %s with %j', (type, fields) => {
    expect(accepts(type, { ...LEAST[type], ...fields })).toBe(false);
  });

  test('knows every type of the table', () => {
    expect(serverFrameSchema.options.map((option) => option.shape.type.value).sort()).toEqual(
      Object.keys(LEAST).sort(),
    );
  });
});

/** As many copies as it has fields, in its parts too, each without another one. */
function withoutEach(fields: object): object[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const { [name]: _, ...rest } = fields as Record<string, unknown>;
    const isPart = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [rest, ...(isPart ? withoutEach(value).map((part) => ({ ...fields, [name]: part })) : [])];
  });
}
