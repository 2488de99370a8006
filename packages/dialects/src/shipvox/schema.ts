import { z } from 'zod';

/** What a client may send to have it relayed; `auth` is answered instead. `test` is what the format's own CLI sends. */
export const RELAYED_TYPES = [
  'zip_collected',
  'weight_confirmed',
  'quote_ready',
  'label_created',
  'pickup_scheduled',
  'contextual_update',
  'client_tool_call',
  'client_tool_result',
  'error',
  'test',
] as const;

const payload = z.unknown().refine((value) => value !== undefined, 'missing');
const requestId = z.string().max(200);

const relayed = <T extends string>(type: T) =>
  z.looseObject({ type: z.literal(type), payload, timestamp: z.number(), requestId });

/** Client to server, by type. */
export const clientMessages = {
  zip_collected: relayed('zip_collected'),
  weight_confirmed: relayed('weight_confirmed'),
  quote_ready: relayed('quote_ready'),
  label_created: relayed('label_created'),
  pickup_scheduled: relayed('pickup_scheduled'),
  contextual_update: relayed('contextual_update'),
  client_tool_call: relayed('client_tool_call'),
  client_tool_result: relayed('client_tool_result'),
  error: relayed('error'),
  test: relayed('test'),
  auth: z.looseObject({
    type: z.literal('auth'),
    payload: z.looseObject({ token: z.string().min(1).max(16_384) }),
    timestamp: z.number(),
    requestId,
  }),
} as const;

/** Server to client. A relayed message names its sender in `user`; the server's own error and auth do not. */
export const serverMessageSchema = z.looseObject({
  type: z.string(),
  payload,
  timestamp: z.int(),
  requestId: z.string(),
  user: z.string().optional(),
});

/** The server's own error; a relayed one has a `user`. */
export const errorMessageSchema = z.strictObject({
  type: z.literal('error'),
  payload: z.looseObject({ code: z.string(), message: z.string() }),
  timestamp: z.int(),
  requestId: z.string(),
});

/** The answer to `auth`: seconds until the new token ends, null for one that does not. */
export const authMessageSchema = z.strictObject({
  type: z.literal('auth'),
  payload: z.looseObject({ expires_in: z.int().nullable() }),
  timestamp: z.int(),
  requestId: z.string(),
});
