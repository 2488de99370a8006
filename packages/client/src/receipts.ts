import { createId, type Position, type ReceiptCursor, type ReceiptFrame, type ReceiptKind } from '@trunkline/protocol';
import type { Receipts } from './client-api.js';
import { after, type Clock } from './clock.js';
import type { Wire } from './exchange.js';
import { createListeners, type Listeners } from './listeners.js';

export interface ReceiptParts {
  readonly room: string;
  readonly clock: Clock;
  readonly wire: Wire;
  readonly position: () => Position | undefined;
}

export interface ReceiptStore extends Receipts {
  readonly changed: Listeners<[readonly ReceiptCursor[]]>;
  move(kind: ReceiptKind, offset?: number): void;
  heard(frame: ReceiptFrame): void;
  /** In the room (again): tells what could not be told. */
  joined(): void;
  reset(): void;
}

const DEBOUNCE_MS = 1_000;

export function createReceipts({ room, clock, wire, position }: ReceiptParts): ReceiptStore {
  const changed = createListeners<[readonly ReceiptCursor[]]>();
  const wanted = new Map<ReceiptKind, { readonly epoch: string; readonly offset: number }>();
  let cursors: readonly ReceiptCursor[] = [];
  let epoch: string | undefined;
  let cancel: (() => void) | undefined;

  function flush(): void {
    cancel = undefined;
    for (const [kind, cursor] of wanted) {
      wire.ask({ type: 'read', id: createId(), room, kind, ...cursor }, (answer) => {
        // Lost with its connection: told again after the next join.
        if (answer && wanted.get(kind) === cursor) wanted.delete(kind);
      });
    }
  }
  return {
    get cursors() {
      return cursors;
    },
    changed,
    on: changed.add,
    move(kind, offset = position()?.offset) {
      const at = position();
      if (!at || offset === undefined) return;
      const known = wanted.get(kind);
      if (known?.epoch === at.epoch && known.offset >= offset) return;
      wanted.set(kind, { epoch: at.epoch, offset });
      cancel ??= after(clock, DEBOUNCE_MS, flush);
    },
    heard(frame) {
      const kept = frame.epoch === epoch ? cursors : [];
      const merged = new Map(kept.map((cursor) => [cursor.userId, cursor]));
      for (const cursor of frame.cursors) merged.set(cursor.userId, { ...merged.get(cursor.userId), ...cursor });
      epoch = frame.epoch;
      cursors = [...merged.values()];
      changed.emit(cursors);
    },
    joined() {
      if (wanted.size > 0) cancel ??= after(clock, DEBOUNCE_MS, flush);
    },
    reset() {
      cancel?.();
      cancel = undefined;
      wanted.clear();
      cursors = [];
    },
  };
}
