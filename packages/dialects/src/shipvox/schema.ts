import { z } from 'zod';

const requestId = z.string().max(200);
const relayed = <T extends string>(type: T) =>
  z.looseObject({ type: z.literal(type), payload: z.unknown(), timestamp: z.number(), requestId });

/** Client to server, by type. All but `auth` are relayed; `test` is what the format's own command line client sends. */
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
  auth: relayed('auth').extend({ payload: z.looseObject({ token: z.string().min(1).max(16_384) }) }),
} as const;

const fromServer = { timestamp: z.int(), requestId: z.string().min(1) };

/** A relayed message: any type, with the sender's user. */
export const relayedMessageSchema = z.strictObject({
  type: z.string(),
  payload: z.unknown(),
  ...fromServer,
  user: z.string(),
});

/** What the server says by itself; it has no `user`. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('error'),
    payload: z.strictObject({ code: z.string(), message: z.string() }),
    ...fromServer,
  }),
  /** Seconds until the new token ends; null for one that does not. */
  z.strictObject({
    type: z.literal('auth'),
    payload: z.strictObject({ expires_in: z.int().nullable() }),
    ...fromServer,
  }),
  z.strictObject({ type: z.literal('client_tool_call'), payload: z.unknown(), ...fromServer }),
]);

/** Every message the server sends. */
export const messageSchema = z.union([relayedMessageSchema, serverMessageSchema]);
