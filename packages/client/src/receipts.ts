import type { Position, ReceiptCursor, ReceiptFrame, ReceiptKind } from '@trunkline/protocol';
import type { Receipts } from './client-api.js';
import { after, type Clock } from './clock.js';
import { createListeners } from './listeners.js';
import { byUser } from './presence.js';

export interface ReceiptStore extends Receipts {
  move(kind: ReceiptKind, offset?: number): void;
  heard(frame: Pick<ReceiptFrame, 'epoch' | 'cursors'>): void;
  /** In the room (again): tells what could not be told. */
  joined(): void;
  reset(): void;
}

interface Cursor {
  readonly epoch: string;
  readonly offset: number;
}
/** `told` gets null when the connection went first. */
type Tell = (kind: ReceiptKind, cursor: Cursor, told: (answer: unknown) => void) => void;

export function createReceipts(clock: Clock, tell: Tell, position: () => Position | undefined): ReceiptStore {
  const debounceMs = 1_000;
  const changed = createListeners<readonly ReceiptCursor[]>();
  const wanted = new Map<ReceiptKind, Cursor>();
  let cursors: readonly ReceiptCursor[] = [];
  let known: string | undefined;
  let cancel: (() => void) | undefined;

  function flush(): void {
    cancel = undefined;
    for (const [kind, cursor] of wanted) {
      tell(kind, cursor, (answer) => {
        if (answer && wanted.get(kind) === cursor) wanted.delete(kind);
      });
    }
  }
  function schedule(): void {
    if (wanted.size > 0) cancel ??= after(clock, debounceMs, flush);
  }
  return {
    get cursors() {
      return cursors;
    },
    on: changed.add,
    move(kind, given) {
      const at = position();
      if (!at) return;
      const { epoch } = at;
      const offset = given ?? at.offset;
      const before = wanted.get(kind);
      if (before?.epoch === epoch && before.offset >= offset) return;
      wanted.set(kind, { epoch, offset });
      schedule();
    },
    heard({ epoch, cursors: moved }) {
      const merged = byUser(epoch === known ? cursors : []);
      for (const cursor of moved) merged.set(cursor.userId, { ...merged.get(cursor.userId), ...cursor });
      known = epoch;
      cursors = [...merged.values()];
      changed.emit(cursors);
    },
    joined: schedule,
    reset() {
      cancel?.();
      cancel = undefined;
      wanted.clear();
      cursors = [];
    },
  };
}
