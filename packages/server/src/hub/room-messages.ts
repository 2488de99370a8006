import type { From, PresenceMember, ReceiptCursor } from '@trunkline/protocol';

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

/** Reads what came through the broker; anything else than our own messages is null. */
export function readRoomMessage(value: unknown): RoomMessage | null {
  if (typeof value !== 'object' || value === null) return null;
  const { t } = value as { t?: unknown };
  return t === 'e' || t === 'p' || t === 'r' ? (value as RoomMessage) : null;
}
