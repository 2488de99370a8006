import type { GapReason, Position } from '@trunkline/protocol';
import type { Broker, LoggedEvent, LogPage } from '../seams/broker.js';

/** Where a feed's events go: to the live members of one room on this node. */
export interface FeedSink {
  deliver(event: LoggedEvent): void;
  gap(reason: GapReason, from: Position, position: Position): void;
  repaired(): void;
}

/** The place of a room whose log could not be read yet. */
export const NO_POSITION: Position = { epoch: 'none', offset: 0, lastId: '' };

const HELD_EVENTS = 1_000;
const REMEMBERED_IDS = 64;
const PAGE = 1_000;
const RETRY_MS = 250;
/** A purge is done within it, and has been heard of. */
const PURGE_MS = 10_000;

/**
 * Delivers a room's durable events by offset, each once (DESIGN, "Repair"): what the broker says is a hint, the log is the
 * truth. A hole is filled from the log before later events go out; what two reads can not give is a gap.
 */
export class RoomFeed {
  position: Position = NO_POSITION;
  /** When the position was last compared with the log or moved, by `performance.now()`: nodes differ about the time of day. */
  checkedAt = performance.now();
  /** Until then a new epoch is told as an operator's work, by `performance.now()`. */
  #purgedUntil = Number.NEGATIVE_INFINITY;
  readonly #ids: string[] = [];
  #held: LoggedEvent[] = [];
  #busy = true;
  #again = false;
  /** While it waits to read the log once more. */
  #retry: NodeJS.Timeout | undefined;
  #settling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly room: string,
    private readonly broker: Broker,
    private readonly sink: FeedSink,
  ) {}

  /** Takes the log's head as the place to begin. Without a broker the feed begins when it is back. */
  async open(): Promise<void> {
    try {
      this.position = (await this.broker.read(this.room, { limit: 1 })).head;
    } catch {
      this.#again = true;
      this.#settleLater();
      return;
    }
    this.#busy = false;
    this.#drainHeld();
    if (this.#held.length > 0) this.check();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#held = [];
  }

  heard(event: LoggedEvent): void {
    if (this.#busy) {
      this.#hold(event);
      return;
    }
    if (this.#accept(event)) return;
    this.#hold(event);
    this.check();
  }

  /** An operator empties the room about now, or fails to. */
  expectPurge(): void {
    this.#purgedUntil = performance.now() + PURGE_MS;
  }

  /** Compares the position with the log and repairs. Single-flight; what waits to look once more looks at once. */
  check(): void {
    if (this.#closed) return;
    if (this.#busy && this.#retry === undefined) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#settle();
  }

  /** As `check`; resolves when the look that is under way has ended: a feed without a place has one then, if the log can be read. */
  checked(): Promise<void> {
    this.check();
    return this.#settling;
  }

  /** True when the event was next and delivered, or is an old one already known. */
  #accept(event: LoggedEvent): boolean {
    const { epoch, offset } = this.position;
    if (event.epoch !== epoch) return false;
    if (event.offset === offset + 1) {
      this.#advance(event);
      return true;
    }
    if (event.offset > offset) return false;
    return (
      offset - event.offset >= REMEMBERED_IDS ||
      this.#ids[event.offset % REMEMBERED_IDS] === event.id ||
      this.#ids[event.offset % REMEMBERED_IDS] === undefined
    );
  }

  #advance(event: LoggedEvent): void {
    this.position = { epoch: event.epoch, offset: event.offset, lastId: event.id };
    this.#ids[event.offset % REMEMBERED_IDS] = event.id;
    this.checkedAt = performance.now();
    this.sink.deliver(event);
  }

  #hold(event: LoggedEvent): void {
    if (this.#held.length >= HELD_EVENTS) this.#again = true;
    else this.#held.push(event);
  }

  #settle(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#settling = this.#repair().then(
      () => {
        this.checkedAt = performance.now();
        this.#busy = false;
        if (this.#again) {
          this.#again = false;
          this.check();
        }
      },
      () => {
        if (!this.#closed) this.#settleLater();
      },
    );
  }

  #settleLater(): void {
    this.#retry = setTimeout(() => this.#settle(), RETRY_MS).unref();
  }

  async #repair(): Promise<void> {
    for (let reads = 0; !this.#closed; reads++) {
      const before = this.position;
      const page = await this.broker.read(this.room, { after: Math.max(0, before.offset - 1), limit: PAGE + 1 });
      if (this.#closed) return;
      let rewound = this.#take(page);
      if (this.position.offset !== before.offset || this.position.epoch !== before.epoch) this.sink.repaired();
      this.#drainHeld();
      const { epoch, offset } = this.position;
      if (!rewound && offset < page.head.offset && epoch === page.head.epoch) continue;
      if (!rewound && this.#held.length > 0) {
        // What was heard and is not in the log, or stands there under another id: one more look, then it is a rewind.
        if (reads < 1) continue;
        rewound = true;
      }
      if (rewound) {
        this.#held = [];
        this.#jump('rewound', await this.broker.bumpEpoch(this.room, epoch));
      }
      return;
    }
  }

  /** Moves to what one look at the log shows. @returns true when the log is another one than was delivered from */
  #take(page: LogPage): boolean {
    const { epoch, offset, lastId } = this.position;
    if (epoch === NO_POSITION.epoch) {
      this.#jump('unknown_position', page.head);
      return false;
    }
    if (epoch !== page.head.epoch) {
      const reason = performance.now() < this.#purgedUntil ? 'purged' : 'epoch_changed';
      this.#purgedUntil = Number.NEGATIVE_INFINITY;
      this.#jump(reason, beginning(page));
      return false;
    }
    if (page.trimmed.offset > offset) {
      this.#jump('trimmed', { epoch, offset: page.trimmed.offset, lastId: page.trimmed.id });
    } else if (offset > 0) {
      if (offset > page.head.offset) return true;
      const there =
        page.trimmed.offset === offset ? page.trimmed.id : page.entries.find((entry) => entry.offset === offset)?.id;
      if (there !== undefined && there !== lastId) return true;
    }
    for (const entry of page.entries)
      if (entry.epoch === epoch && entry.offset === this.position.offset + 1) this.#advance(entry);
    return false;
  }

  #jump(reason: GapReason, position: Position): void {
    const from = this.position;
    this.position = position;
    this.#ids.length = 0;
    this.sink.gap(reason, from, position);
  }

  #drainHeld(): void {
    if (this.#held.length === 0) return;
    this.#held.sort((a, b) => a.offset - b.offset);
    const { epoch } = this.position;
    this.#held = this.#held.filter((event) => event.epoch === epoch && !this.#accept(event));
  }
}

/** Where a new life of the log is taken up: after what it kept of the one before, as far as it still has it. */
function beginning({ head, born, trimmed }: LogPage): Position {
  const from = trimmed.offset > born.offset ? trimmed : born;
  return { epoch: head.epoch, offset: from.offset, lastId: from.id };
}
