/**
 * The frames as Zod schemas: for other services, tests and documentation. The server's hot path checks the same rules
 * by hand (`decodeClientFrame`); a test holds the two against each other.
 */
import { z } from 'zod';
import { inspectJson } from './inspect-json.js';
import { DEFAULT_LIMITS } from './limits.js';

const id = z.string().regex(/^[\x21-\x7e]{1,128}$/);
const room = z.string().regex(/^[a-z][a-z0-9_]{0,31}:[A-Za-z0-9._~@/:-]{1,200}$/);
const count = z.int().min(0);
const json = z.unknown();
/** A client's own JSON: bounded in depth, without keys that reach a prototype or numbers that JSON can not carry. */
const freeJson = json.refine((value) => inspectJson(value, DEFAULT_LIMITS.jsonDepth) === null);

export const positionSchema = z.looseObject({
  epoch: z.string().min(1).max(64),
  offset: count,
  lastId: z.string().max(128),
});
export const roomRequestSchema = z.looseObject({ room, position: positionSchema.optional(), rewind: count.optional() });
export const fromSchema = z.union([
  z.looseObject({ userId: z.string(), connectionId: z.string().optional() }),
  z.looseObject({ service: z.string() }),
]);
export const errorBodySchema = z.looseObject({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
  path: z.string().optional(),
  retrySafe: z.boolean().optional(),
});
export const presenceMemberSchema = z.looseObject({
  userId: z.string(),
  connectionIds: z.array(z.string()),
  state: json,
});
export const presenceSnapshotSchema = z.looseObject({ version: count, members: z.array(presenceMemberSchema) });

export const clientFrameSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('hello'),
    id,
    token: z.string().min(1).max(16_384).optional(),
    session: z.string().min(1).max(512).optional(),
    contractId: z.string().min(1).max(128).optional(),
    batch: z.boolean().optional(),
    rooms: z.array(roomRequestSchema).optional(),
  }),
  z.looseObject({ type: z.literal('refresh'), id, token: z.string().min(1).max(16_384) }),
  roomRequestSchema.extend({ type: z.literal('join'), id }),
  z.looseObject({ type: z.literal('leave'), id, room }),
  z.looseObject({
    type: z.literal('publish'),
    id,
    room: z.union([room, z.array(room).min(1).max(DEFAULT_LIMITS.roomsPerPublish)]),
    event: z.string().min(1).max(128),
    data: freeJson,
  }),
  z.looseObject({ type: z.literal('skip'), id, room, of: id }),
  z.looseObject({
    type: z.literal('send'),
    id,
    to: z.string().min(1).max(128),
    room: room.optional(),
    event: z.string().min(1).max(128),
    data: freeJson,
  }),
  z.looseObject({
    type: z.literal('request'),
    id,
    action: z.string().min(1).max(128),
    data: freeJson,
    timeoutMs: z.int().min(1).optional(),
  }),
  z.looseObject({ type: z.literal('cancel'), id, of: id }),
  z.looseObject({
    type: z.literal('result'),
    id,
    of: id,
    data: freeJson.optional(),
    error: z.looseObject({ code: z.string().min(1).max(128), message: z.string().max(1_024) }).optional(),
  }),
  z.looseObject({ type: z.literal('presence'), id, room: room.optional(), state: freeJson }),
  z.looseObject({
    type: z.literal('read'),
    id,
    room,
    epoch: z.string().min(1).max(64),
    offset: count,
    kind: z.enum(['delivered', 'read']),
  }),
  z.looseObject({ type: z.literal('receipts'), id, room, offset: count }),
  z
    .looseObject({
      type: z.literal('history'),
      id,
      room,
      before: count.optional(),
      after: count.optional(),
      limit: z.int().min(1).optional(),
    })
    .refine((frame) => frame.before === undefined || frame.after === undefined, { path: ['after'] }),
  z.looseObject({ type: z.literal('pong') }),
]);

const gapReason = z.enum(['trimmed', 'epoch_changed', 'rewound', 'unknown_position', 'purged']);
export const eventFrameSchema = z.looseObject({
  type: z.literal('event'),
  room,
  event: z.string(),
  id: z.string(),
  ref: z.string().optional(),
  offset: z.int().min(1).optional(),
  epoch: z.string().optional(),
  provisional: z.literal(true).optional(),
  from: fromSchema,
  data: json,
  timestamp: z.number(),
});

export const serverFrameSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('welcome'),
    id,
    connectionId: z.string(),
    session: z.string(),
    userId: z.string(),
    serverTime: z.number(),
    heartbeat: z.looseObject({ intervalMs: z.number(), timeoutMs: z.number() }),
    limits: z.looseObject({
      maxMessageBytes: count,
      maxRooms: count,
      maxUnacked: count,
      messagesPerSecond: z.number(),
      burst: z.number(),
      dedupeWindowMs: count,
      reconnectSpreadMs: count,
    }),
    expiresAt: z.number().nullable(),
  }),
  z.looseObject({
    type: z.literal('joined'),
    id: id.optional(),
    room,
    position: positionSchema,
    recovered: z.boolean(),
    reason: gapReason.optional(),
    missed: count,
    presence: presenceSnapshotSchema.optional(),
  }),
  z.looseObject({ type: z.literal('left'), room, reason: z.string(), retryable: z.boolean() }),
  eventFrameSchema,
  z.looseObject({
    type: z.literal('ack'),
    id,
    eventId: z.string(),
    epoch: z.string().optional(),
    offset: count.optional(),
    duplicate: z.literal(true).optional(),
    rooms: z
      .array(
        z.looseObject({
          room,
          epoch: z.string().optional(),
          offset: count.optional(),
          duplicate: z.literal(true).optional(),
          error: errorBodySchema.optional(),
        }),
      )
      .optional(),
  }),
  z.looseObject({ type: z.literal('response'), id, data: json }),
  z.looseObject({ type: z.literal('progress'), id, data: json }),
  z.looseObject({ type: z.literal('call'), id, method: z.string(), data: json }),
  z.looseObject({ type: z.literal('cancel'), of: id }),
  z.looseObject({
    type: z.literal('presence'),
    room,
    version: count,
    change: z.enum(['join', 'update', 'leave', 'sync']),
    member: presenceMemberSchema.optional(),
    members: z.array(presenceMemberSchema).optional(),
  }),
  z.looseObject({
    type: z.literal('receipt'),
    room,
    epoch: z.string(),
    cursors: z.array(z.looseObject({ userId: z.string(), delivered: count.optional(), read: count.optional() })),
  }),
  z.looseObject({ type: z.literal('gap'), room, reason: gapReason, from: positionSchema, position: positionSchema }),
  z.looseObject({ type: z.literal('expiring'), expiresAt: z.number() }),
  z.looseObject({
    type: z.literal('goaway'),
    code: z.number(),
    reason: z.string(),
    reconnect: z.boolean(),
    afterMs: z.number(),
  }),
  errorBodySchema.extend({ type: z.literal('error'), id: id.optional() }),
  z.looseObject({ type: z.literal('ping'), reconnectSpreadMs: count.optional() }),
]);
