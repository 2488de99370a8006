import type { EventFrame, Position } from '@trunkline/protocol';
import type { JoinedInfo, RoomStatus } from './client-api.js';
import type { Clock } from './clock.js';
import type { Deferred } from './deferred.js';
import type { Wire } from './exchange.js';
import { createListeners, type Listeners } from './listeners.js';
import { createPresence, type PresenceStore } from './presence.js';
import { createReceipts, type ReceiptStore } from './receipts.js';
import { createRoomCursor, type RoomCursor } from './room-cursor.js';
import { createTyping, type TypingStore } from './typing.js';

/** One room as this client knows it, whether it is in it or not. Kept for the client's life; empty while nobody wants it. */
export interface Membership {
  readonly room: string;
  status: RoomStatus;
  /** Joins without their leave; one that the server made by itself counts. */
  wanted: number;
  rewind: number | undefined;
  cursor: RoomCursor;
  /** Where live delivery began: history before it and events after it leave no hole and no double. */
  liveFrom: Position | undefined;
  joined: JoinedInfo | undefined;
  readonly waiters: Set<Deferred<JoinedInfo>>;
  failures: number;
  cancelRetry: () => void;
  readonly presence: PresenceStore;
  readonly typing: TypingStore;
  readonly receipts: ReceiptStore;
  readonly events: Listeners<[EventFrame]>;
  readonly statuses: Listeners<[RoomStatus]>;
}

export function createMembership(room: string, clock: Clock, wire: Wire): Membership {
  const membership: Membership = {
    room,
    status: 'out',
    wanted: 0,
    rewind: undefined,
    cursor: createRoomCursor(),
    liveFrom: undefined,
    joined: undefined,
    waiters: new Set(),
    failures: 0,
    cancelRetry: () => {},
    presence: createPresence((state) => {
      if (membership.status === 'joined') wire.ask({ type: 'presence', room, state });
    }),
    typing: createTyping(clock, (isTyping) => wire.ask({ type: 'publish', room, event: 'typing', data: { isTyping } })),
    receipts: createReceipts(
      clock,
      (kind, cursor, told) => wire.ask({ type: 'read', room, kind, ...cursor }, told),
      () => membership.cursor.position,
    ),
    events: createListeners(),
    statuses: createListeners(),
  };
  return membership;
}

export function setStatus(room: Membership, status: RoomStatus): void {
  if (room.status === status) return;
  room.status = status;
  room.statuses.emit(status);
}

/** Left on purpose: the next join begins anew. */
export function forget(room: Membership): void {
  room.cursor = createRoomCursor();
  room.joined = room.liveFrom = room.rewind = undefined;
  room.typing.reset();
  room.receipts.reset();
  room.presence.reset();
}
