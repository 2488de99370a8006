import { z } from 'zod';

/** Client to server, by type. The conversation is the URL's; ids and times are the server's. */
export const clientMessages = {
  chat: z.looseObject({
    type: z.literal('chat'),
    content: z.string(),
    is_encrypted: z.boolean().optional(),
    message_type: z.string().min(1).max(64).optional(),
    metadata: z.looseObject({}).optional(),
  }),
  typing: z.looseObject({ type: z.literal('typing') }),
  read: z.looseObject({ type: z.literal('read'), message_id: z.string().min(1).max(128) }),
} as const;

const said = { conversation_id: z.guid(), sender_id: z.string(), timestamp: z.iso.datetime() };

/** Server to client. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('chat'),
    ...said,
    message_id: z.guid(),
    content: z.string(),
    is_encrypted: z.boolean(),
    message_type: z.string(),
    metadata: z.looseObject({}),
  }),
  z.strictObject({ type: z.literal('typing'), ...said }),
  z.strictObject({ type: z.literal('read'), ...said, message_id: z.string() }),
  z.strictObject({ type: z.literal('user_joined'), ...said }),
  z.strictObject({ type: z.literal('user_left'), ...said }),
  z.strictObject({ type: z.literal('error'), code: z.string(), message: z.string(), timestamp: z.iso.datetime() }),
]);

/** The body of a refusal before the upgrade. */
export const refusalSchema = z.strictObject({ error: z.string() });

const guid = z.guid();

/** True for the eight-four-four-four-twelve form, whatever its version. */
export function isUuid(text: string): boolean {
  return guid.safeParse(text).success;
}
