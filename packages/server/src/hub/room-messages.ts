import type { From, PresenceMember, ReceiptCursor } from '@trunkline/protocol';
import { z } from 'zod';
import { fromSchema } from './signals.js';

/** What nodes tell each other about a room through `Broker.emit`. */
export type RoomMessage = EphemeralMessage | PresenceMessage | ReceiptMessage;

export interface EphemeralMessage {
  readonly t: 'e';
  readonly event: string;
  readonly id: string;
  readonly ref?: string | undefined;
  readonly from: From;
  readonly data: unknown;
  readonly timestamp: number;
  /** A connection that does not get its own event (`echo: 'others'`). */
  readonly except?: string | undefined;
}
export interface PresenceMessage {
  readonly t: 'p';
  readonly version: number;
  readonly change: 'join' | 'update' | 'leave';
  readonly member: PresenceMember;
  /** Whose state it shows. */
  readonly connectionId: string;
}
export interface ReceiptMessage {
  readonly t: 'r';
  readonly epoch: string;
  readonly cursors: readonly ReceiptCursor[];
}

/** Checked on arrival: the bus is not trusted to carry only ours. */
const schema = z.discriminatedUnion('t', [
  z.looseObject({
    t: z.literal('e'),
    event: z.string(),
    id: z.string(),
    ref: z.string().optional(),
    from: fromSchema,
    timestamp: z.number(),
    except: z.string().optional(),
  }),
  z.looseObject({
    t: z.literal('p'),
    version: z.number(),
    change: z.enum(['join', 'update', 'leave']),
    member: z.looseObject({ userId: z.string(), connectionIds: z.array(z.string()) }),
    connectionId: z.string(),
  }),
  z.looseObject({
    t: z.literal('r'),
    epoch: z.string(),
    cursors: z.array(
      z.looseObject({ userId: z.string(), delivered: z.number().optional(), read: z.number().optional() }),
    ),
  }),
]);

/** Reads what came through the broker; anything else than our own messages is null. */
export function readRoomMessage(value: unknown): RoomMessage | null {
  return schema.safeParse(value).success ? (value as RoomMessage) : null;
}
