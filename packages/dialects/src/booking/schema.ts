import { z } from 'zod';

const room = z.string().min(1).max(512);

/** Client to server, by type. */
export const clientMessages = {
  join: z.looseObject({ type: z.literal('join'), room }),
  leave: z.looseObject({ type: z.literal('leave'), room }),
  typing: z.looseObject({ type: z.literal('typing'), room, data: z.looseObject({ isTyping: z.boolean() }) }),
} as const;

const timestamp = z.iso.datetime();
const locationSchema = z.looseObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
});
const supportMessageSchema = z.looseObject({
  id: z.string().min(1),
  message: z.string(),
  createdAt: z.string(),
});

/** Server to client. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('connected'), userId: z.string(), timestamp }),
  z.strictObject({ type: z.literal('joined_room'), room: z.string(), timestamp }),
  z.strictObject({ type: z.literal('left_room'), room: z.string(), timestamp }),
  z.strictObject({ type: z.literal('status_update'), bookingId: z.string(), status: z.string(), timestamp }),
  z.strictObject({
    type: z.literal('message'),
    ticketId: z.string(),
    senderId: z.string(),
    message: supportMessageSchema,
    timestamp,
  }),
  z.strictObject({ type: z.literal('location_update'), bookingId: z.string(), location: locationSchema, timestamp }),
  z.strictObject({ type: z.literal('typing'), userId: z.string(), isTyping: z.boolean() }),
  z.strictObject({ type: z.literal('error'), code: z.string(), message: z.string(), timestamp }),
]);

/** What other services publish on Redis, by channel. `userId` names who else is told of a status. */
export const foreignMessages = {
  'booking:status': z.looseObject({ bookingId: z.string().min(1), userId: z.string().min(1), status: z.string() }),
  'support:message': z.looseObject({
    ticketId: z.string().min(1),
    senderId: z.string().min(1),
    message: supportMessageSchema,
  }),
  'technician:location': z.looseObject({ bookingId: z.string().min(1), location: locationSchema }),
} as const;
