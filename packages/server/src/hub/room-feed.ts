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

/**
 * Delivers a room's durable events by offset, each once (DESIGN, "Repair"): what the broker says is a hint, the log is the
 * truth. A hole is filled from the log before later events go out; what two reads can not give is a gap.
 */
export class RoomFeed {
  position: Position = NO_POSITION;
  /** When the position was last compared with the log or moved. */
  checkedAt = Date.now();
  /** Set while an operator empties the room: the new epoch that follows is told as that. */
  #purging = false;
  readonly #ids: string[] = [];
  #held: LoggedEvent[] = [];
  #busy = true;
  #again = false;
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
      setTimeout(() => this.#settle(), RETRY_MS).unref();
      return;
    }
    this.#busy = false;
    this.#drainHeld();
    if (this.#held.length > 0) this.check();
  }

  close(): void {
    this.#closed = true;
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

  expectPurge(): void {
    this.#purging = true;
  }

  /** Compares the position with the log and repairs. Single-flight. */
  check(): void {
    if (this.#closed) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#settle();
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
    this.checkedAt = event.timestamp;
    this.sink.deliver(event);
  }

  #hold(event: LoggedEvent): void {
    if (this.#held.length >= HELD_EVENTS) this.#again = true;
    else this.#held.push(event);
  }

  #settle(): void {
    this.#repair().then(
      () => {
        this.checkedAt = Date.now();
        this.#busy = false;
        if (this.#again) {
          this.#again = false;
          this.check();
        }
      },
      () => {
        if (!this.#closed) setTimeout(() => this.#settle(), RETRY_MS).unref();
      },
    );
  }

  async #repair(): Promise<void> {
    for (let reads = 0; !this.#closed; reads++) {
      const before = this.position;
      const page = await this.broker.read(this.room, { after: Math.max(0, before.offset - 1), limit: PAGE + 1 });
      if (this.#closed) return;
      this.#take(page);
      const moved = this.position.offset !== before.offset || this.position.epoch !== before.epoch;
      if (moved) this.sink.repaired();
      this.#drainHeld();
      const { epoch, offset } = this.position;
      if (offset < page.head.offset && epoch === page.head.epoch) continue;
      const hole = this.#held.some((event) => event.epoch === epoch && event.offset > offset);
      const rewound = epoch === page.head.epoch && offset > page.head.offset;
      const foreign = this.#held.some((event) => event.epoch === epoch && !this.#accept(event));
      if (!hole && !rewound && !foreign) {
        this.#held = [];
        return;
      }
      if (reads < 1 && !rewound) continue;
      // The log lacks what was delivered or heard: its tail was lost. Its life ends here, for every node alike.
      this.#held = [];
      const head = await this.broker.bumpEpoch(this.room, epoch);
      this.#jump('rewound', head);
      return;
    }
  }

  /** Moves to what one look at the log shows. */
  #take(page: LogPage): void {
    const { epoch, offset, lastId } = this.position;
    if (epoch !== page.head.epoch) {
      // A new life of the log: all of it when it is still whole, else from its head on.
      this.#ids.length = 0;
      const start: Position = { epoch: page.head.epoch, offset: 0, lastId: '' };
      const reason = this.#purging ? 'purged' : 'epoch_changed';
      this.#purging = false;
      this.#jump(
        epoch === NO_POSITION.epoch ? 'unknown_position' : reason,
        page.trimmed.offset === 0 && page.head.offset <= PAGE ? start : page.head,
      );
      return;
    }
    if (page.trimmed.offset > offset) {
      this.#jump('trimmed', { epoch, offset: page.trimmed.offset, lastId: page.trimmed.id });
    } else if (offset > 0 && offset <= page.head.offset) {
      const there =
        page.trimmed.offset === offset ? page.trimmed.id : page.entries.find((entry) => entry.offset === offset)?.id;
      if (there !== undefined && there !== lastId) {
        this.#jump('rewound', page.head);
        return;
      }
    }
    for (const entry of page.entries)
      if (entry.epoch === epoch && entry.offset === this.position.offset + 1) this.#advance(entry);
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
