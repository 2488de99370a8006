import { isRoomName, TrunklineError } from '@trunkline/protocol';
import { z } from 'zod';

export const roomParams = z.object({ room: z.string() });
export const userParams = z.object({ id: z.string().min(1).max(128) });
export const eventName = z.string().min(1).max(128);
export const eventId = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable characters without spaces');
/** How openapi.json shows text that is read as a number. */
function wholeNumber(minimum: number) {
  return { type: 'integer', minimum, pattern: undefined } as const;
}

/** A query's limit, cut to what a page may hold. */
export const limitOf = (max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= 1, 'must be at least 1')
    .transform((value) => Math.min(value, max))
    .optional()
    .transform((value) => value ?? fallback)
    .meta({ ...wholeNumber(1), default: fallback, description: `More than ${max} counts as ${max}.` });

export const offset = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number)
  .meta(wholeNumber(0));

/** @throws {TrunklineError} `invalid_room` */
export function roomName(text: string, path = 'room'): string {
  if (!isRoomName(text))
    throw new TrunklineError('invalid_room', 'A room is named kind:id, percent-encoded in a path.', { path });
  return text;
}
