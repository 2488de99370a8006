import type { ReceiptCursor } from '@trunkline/protocol';
import { useMemo } from 'react';
import type { AppKind, RoomOf } from './register.js';
import { type RoomView, useRoomStore, useRoomValue } from './use-room-value.js';

export interface RoomReceipts {
  /** How far each member has got; the same array until it changes. */
  readonly cursors: readonly ReceiptCursor[];
  /** I have read up to this offset. @param offset the newest event's unless given */
  readonly read: (offset?: number) => void;
  /** I have got up to this offset. @param offset the newest event's unless given */
  readonly delivered: (offset?: number) => void;
}

const NONE: readonly ReceiptCursor[] = [];
const view: RoomView<AppKind, readonly ReceiptCursor[]> = {
  listen: ({ room }, changed) => room.receipts.on(changed),
  read: ({ room }) => room.receipts.cursors,
  nothing: NONE,
};

/** Who has read what, in a kind with `receipts: true`. */
export function useReceipts(name: RoomOf<AppKind> | undefined): RoomReceipts {
  const store = useRoomStore<AppKind>(name);
  const cursors = useRoomValue(store, view);
  return useMemo(
    () => ({
      cursors,
      read: (offset) => store?.room.read(offset),
      delivered: (offset) => store?.room.delivered(offset),
    }),
    [store, cursors],
  );
}
