import { z } from 'zod';

const name = z.string().min(1).max(512);
const envelope = { id: z.string().max(200).optional(), from: z.string().optional(), timestamp: z.unknown().optional() };
/** Any, as documented: what may be said in a room is the contract's to know. */
const data = z.unknown();
const toRoom = <T extends string>(type: T) => z.looseObject({ type: z.literal(type), ...envelope, room: name, data });
const toRoomOrConnection = <T extends string>(type: T) =>
  z
    .looseObject({
      type: z.literal(type),
      ...envelope,
      room: name.optional(),
      to: z.string().min(1).max(128).optional(),
      data,
    })
    .refine((message) => message.room !== undefined || message.to !== undefined, { path: ['room'] });
const onlyFromServer = <T extends string>(type: T) => z.looseObject({ type: z.literal(type) });

/** Client to server, by type. The documented types that only the server says are read, to be refused by name. */
export const clientMessages = {
  message: toRoomOrConnection('message'),
  custom_event: toRoomOrConnection('custom_event'),
  notification: toRoom('notification'),
  user_profile_update: toRoom('user_profile_update'),
  group_membership_change: toRoom('group_membership_change'),
  presence: z.looseObject({
    type: z.literal('presence'),
    ...envelope,
    room: name.optional(),
    data: z.looseObject({ status: z.string().min(1).max(64) }),
  }),
  room_update: z.looseObject({
    type: z.literal('room_update'),
    ...envelope,
    room: name,
    data: z.looseObject({ action: z.enum(['join', 'leave']) }),
  }),
  heartbeat: z.looseObject({ type: z.literal('heartbeat'), ...envelope }),
  system: onlyFromServer('system'),
  system_notification: onlyFromServer('system_notification'),
  error: onlyFromServer('error'),
  room_joined: onlyFromServer('room_joined'),
  room_left: onlyFromServer('room_left'),
} as const;

const room = z.string();
const timestamp = z.iso.datetime();
const member = z.strictObject({ user_id: z.string(), status: z.string() });
const event = <T extends string>(type: T) =>
  z.strictObject({
    type: z.literal(type),
    room: room.optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    data: z.unknown(),
    timestamp,
    id: z.string(),
  });

/** Server to client. `from` is a connection's id; what a service says has none, and a broadcast no room. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  event('message'),
  event('custom_event'),
  event('notification'),
  event('user_profile_update'),
  z.strictObject({
    type: z.literal('group_membership_change'),
    data: z.looseObject({ user_id: z.string(), group_id: z.string(), group_name: z.string(), joined: z.boolean() }),
    timestamp,
    room: room.optional(),
    from: z.string().optional(),
    id: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('presence'), room, from: z.string().optional(), data: member, timestamp }),
  z.strictObject({
    type: z.literal('room_joined'),
    room,
    data: z.strictObject({ members: z.array(member) }),
    timestamp,
  }),
  z.strictObject({ type: z.literal('room_left'), room, data: z.strictObject({ reason: z.string() }), timestamp }),
  z.strictObject({ type: z.literal('system_notification'), data: z.unknown(), timestamp, id: z.string() }),
  z.strictObject({ type: z.literal('system'), data: z.unknown(), timestamp, id: z.string() }),
  z.strictObject({ type: z.literal('heartbeat'), data: z.strictObject({}), timestamp, id: z.string().optional() }),
  z.strictObject({
    type: z.literal('error'),
    data: z.strictObject({ code: z.string(), message: z.string() }),
    timestamp,
    room: room.optional(),
    id: z.string().optional(),
  }),
]);
