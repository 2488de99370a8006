import {
  createId,
  type EventFrame,
  type Position,
  type PresenceFrame,
  type PresenceSnapshot,
} from '@trunkline/protocol';
import type { JoinedInfo, PresenceDiff, RoomStatus } from './client-api.js';
import type { Clock } from './clock.js';
import type { Deferred } from './deferred.js';
import type { Gap, Left } from './events.js';
import type { Wire } from './exchange.js';
import { createListeners, type Listeners } from './listeners.js';
import { applyPresence, isEmpty, NOBODY, syncPresence } from './presence.js';
import { createReceipts, type ReceiptStore } from './receipts.js';
import { createRoomCursor, type RoomCursor } from './room-cursor.js';
import { createTyping, type TypingStore } from './typing.js';

/** One room as this client knows it, whether it is in it or not. */
export interface Membership {
  readonly name: string;
  status: RoomStatus;
  /** Joins without their leave. */
  wanted: number;
  /** The server joined by itself. */
  automatic: boolean;
  rewind: number | undefined;
  cursor: RoomCursor;
  /** Where live delivery began: history before it and events after it leave no hole and no double. */
  liveFrom: Position | undefined;
  joined: JoinedInfo | undefined;
  readonly waiters: Set<Deferred<JoinedInfo>>;
  failures: number;
  cancelRetry: () => void;
  presence: PresenceSnapshot;
  /** My own state, told again after each join. */
  myState: { readonly state: unknown } | undefined;
  readonly typing: TypingStore;
  readonly receipts: ReceiptStore;
  readonly events: Listeners<[EventFrame]>;
  readonly gaps: Listeners<[Gap]>;
  readonly lefts: Listeners<[Left]>;
  readonly statuses: Listeners<[RoomStatus]>;
  readonly presences: Listeners<[PresenceDiff]>;
}

export function createMembership(name: string, clock: Clock, wire: Wire): Membership {
  const membership: Membership = {
    name,
    status: 'out',
    wanted: 0,
    automatic: false,
    rewind: undefined,
    cursor: createRoomCursor(),
    liveFrom: undefined,
    joined: undefined,
    waiters: new Set(),
    failures: 0,
    cancelRetry: () => {},
    presence: NOBODY,
    myState: undefined,
    typing: createTyping({
      clock,
      send: (isTyping) =>
        wire.send({ type: 'publish', id: createId(), room: name, event: 'typing', data: { isTyping } }),
    }),
    receipts: createReceipts({ room: name, clock, wire, position: () => membership.cursor.position }),
    events: createListeners(),
    gaps: createListeners(),
    lefts: createListeners(),
    statuses: createListeners(),
    presences: createListeners(),
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
  room.joined = room.liveFrom = room.myState = room.rewind = undefined;
  room.automatic = false;
  room.typing.reset();
  room.receipts.reset();
  setPresence(room, syncPresence(room.presence, NOBODY));
}

/** True while somebody listens; an unwatched room that was left need not be remembered. */
export function isWatched({ events, gaps, lefts, statuses, presences, typing, receipts }: Membership): boolean {
  return (
    events.size +
      gaps.size +
      lefts.size +
      statuses.size +
      presences.size +
      typing.changed.size +
      receipts.changed.size >
    0
  );
}

export function changePresence(room: Membership, frame: PresenceFrame): void {
  setPresence(room, applyPresence(room.presence, frame));
}

export function setPresence(room: Membership, change: ReturnType<typeof applyPresence>): void {
  if (!change) return;
  room.presence = change.snapshot;
  if (!isEmpty(change.diff)) room.presences.emit(change.diff);
}
