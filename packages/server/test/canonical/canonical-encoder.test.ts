import { decodeServerFrames, TrunklineError } from '@trunkline/protocol';
import { describe, expect, it } from 'vitest';
import { canonicalEncoder } from '../../src/canonical/canonical-encoder.js';
import type { Notice } from '../../src/seams/notice.js';

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
