import type { From } from '@trunkline/protocol';
import { z } from 'zod';
import type { Revocation } from '../seams/revocation-store.js';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const revocation = z.custom<Revocation>(
  (value) => isRecord(value) && (typeof value.tokenId === 'string' || typeof value.userId === 'string'),
);
export const fromSchema = z.custom<From>(
  (value) => isRecord(value) && (typeof value.userId === 'string' || typeof value.service === 'string'),
);

/** Keys with a count. */
const counts = z.array(z.tuple([z.string().max(256), z.int().min(0)])).max(1_000);

/** What nodes tell each other besides rooms. Checked on arrival: the bus is not trusted to carry only ours. */
const signalSchema = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('superseded'),
    sessionId: z.string(),
    userId: z.string(),
    connectionId: z.string(),
    openedAt: z.number(),
  }),
  z.object({ t: z.literal('disconnect'), userId: z.string(), at: z.number() }),
  z.object({ t: z.literal('ended'), sessionId: z.string() }),
  z.object({
    t: z.literal('usage'),
    nodeId: z.string(),
    addresses: counts,
    users: counts,
    messages: counts,
    refreshes: counts,
  }),
  z.object({ t: z.literal('purging'), room: z.string() }),
  z.object({ t: z.literal('revoke'), revocation }),
  z.object({ t: z.literal('broadcast'), event: z.string(), id: z.string(), data: z.unknown(), timestamp: z.number() }),
  z.object({
    t: z.literal('direct'),
    to: z.string(),
    rooms: z.array(z.string()),
    event: z.string(),
    id: z.string(),
    from: fromSchema,
    data: z.unknown(),
    timestamp: z.number(),
    answer: z.object({ nodeId: z.string(), id: z.string() }),
  }),
  z.object({
    t: z.literal('call'),
    to: z.string(),
    method: z.string(),
    data: z.unknown(),
    timeoutMs: z.number(),
    answer: z.object({ nodeId: z.string(), id: z.string() }),
  }),
  z.object({ t: z.literal('call_cancelled'), of: z.string() }),
  z.object({
    t: z.literal('answer'),
    id: z.string(),
    data: z.unknown().optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  }),
]);

export type Signal = z.infer<typeof signalSchema>;

/** Reads what came through the broker; anything else than our own signals is null. */
export function readSignal(value: unknown): Signal | null {
  const result = signalSchema.safeParse(value);
  return result.success ? result.data : null;
}
