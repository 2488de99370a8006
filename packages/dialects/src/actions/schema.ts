import { z } from 'zod';

const requestId = z.string().min(1).max(200);

/** Client to server, by type; sent as an object or as its JSON. */
export const clientMessages = {
  REQUEST: z.looseObject({
    type: z.literal('REQUEST'),
    requestId,
    action: z.string().min(1).max(128),
    data: z.unknown().optional(),
  }),
} as const;

/** What a connection says of itself. `artifactId` may be left out; v2 clients have no `auth`. */
export const handshakeSchema = z.object({
  token: z.string().min(1).max(16_384),
  sessionId: z.string().min(1).max(128),
  artifactId: z.string().min(1).max(128).optional(),
});

/** Server to client, always as the event `message`. `requestId` is empty where none could be read. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('RESPONSE'), requestId, action: z.string(), data: z.unknown() }),
  z.strictObject({ type: z.literal('UPDATE'), requestId, action: z.string(), data: z.unknown() }),
  z.strictObject({
    type: z.literal('ERROR'),
    requestId: z.string(),
    action: z.string().optional(),
    error: z.strictObject({ code: z.string(), message: z.string(), retryAfterMs: z.number().optional() }),
  }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

/** `data` of a refused connection: of `connect_error`, and for v2 clients the `error` event itself. */
export const refusalSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  retryAfterMs: z.number().optional(),
});
export type Refusal = z.infer<typeof refusalSchema>;

/** What `sendUpdate` takes. */
export const updateSchema = z.looseObject({
  type: z.literal('UPDATE').optional(),
  requestId: requestId.optional(),
  action: z.string().min(1).max(128),
  data: z.unknown().optional(),
});
export type Update = z.infer<typeof updateSchema>;
