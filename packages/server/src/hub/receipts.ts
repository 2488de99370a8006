import type { ReceiptCounts, ReceiptCursor, ReceiptKind } from '@trunkline/protocol';
import { TrunklineError } from '@trunkline/protocol';
import type { Core } from './core.js';
import type { HubRoom } from './hub-room.js';
import type { ReceiptMessage } from './room-messages.js';

/** Rooms up to this size are pushed receipts; members of larger ones ask. */
export const PUSHED_MEMBERS = 50;
const DEBOUNCE_MS = 100;
/** Users of one room whose places are remembered. */
const MAX_TOLD = 1_000;
/** How far back a message id is looked for. */
const SEARCHED_EVENTS = 1_000;

/** Cumulative delivered and read cursors, told to the room debounced (DESIGN, "Receipts"). */
export class Receipts {
  readonly #pending = new Map<string, { readonly epoch: string; readonly cursors: Map<string, ReceiptCursor> }>();
  /** What members of this node were told. */
  readonly #told = new WeakMap<HubRoom, { readonly epoch: string; readonly cursors: Map<string, ReceiptCursor> }>();
  readonly #reading = new Map<string, Promise<readonly ReceiptCursor[]>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly core: Core) {}

  /**
   * A place in another epoch, or behind the known one, moves nothing; one past the head counts as the head.
   *
   * @throws {TrunklineError} `forbidden` for kinds without receipts, `unavailable`
   */
  async advance(
    room: HubRoom,
    userId: string,
    at: { readonly epoch: string; readonly offset: number; readonly kind: ReceiptKind },
  ): Promise<void> {
    checkKept(room);
    const { epoch, kind } = at;
    const { position } = room.feed;
    if (epoch !== position.epoch) return;
    const offset = Math.min(at.offset, position.offset);
    if (!(await this.core.ledger.advance({ room: room.name, epoch, userId, kind, offset }))) return;
    this.#tellSoon(room.name, epoch, { userId, [kind]: offset });
  }

  /** A dialect's read receipt names a message: its place is looked up in the log. Unknown ids move nothing. */
  async advanceById(room: HubRoom, userId: string, messageId: string): Promise<void> {
    if (!room.rules.definition.receipts) return;
    const page = await this.core.broker.read(room.name, { limit: SEARCHED_EVENTS });
    const found = page.entries.find((entry) => entry.id === messageId);
    if (found && found.epoch === room.feed.position.epoch && found.offset <= room.feed.position.offset) {
      await this.advance(room, userId, { epoch: found.epoch, offset: found.offset, kind: 'read' });
    }
  }

  /**
   * How many other users have got, or read, everything up to the offset; who read has got.
   *
   * @throws {TrunklineError} `forbidden` for kinds without receipts, `unavailable`
   */
  async counts(room: HubRoom, userId: string, offset: number): Promise<ReceiptCounts> {
    checkKept(room);
    const { epoch } = room.feed.position;
    let [delivered, read] = [0, 0];
    for (const cursor of await this.#read(room, epoch)) {
      if (cursor.userId === userId) continue;
      const hasRead = (cursor.read ?? -1) >= offset;
      if (hasRead) read++;
      if (hasRead || (cursor.delivered ?? -1) >= offset) delivered++;
    }
    return { epoch, delivered, read };
  }

  /** Read once for all who ask at a time: a large room has many cursors, and many who want to know. */
  #read(room: HubRoom, epoch: string): Promise<readonly ReceiptCursor[]> {
    const key = `${room.name} ${epoch}`;
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = this.core.ledger.cursors(room.name, epoch).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  heard(room: HubRoom, { epoch, cursors }: ReceiptMessage): void {
    if (room.size > PUSHED_MEMBERS) return;
    const moved = this.#forward(room, epoch, cursors);
    if (moved.length > 0) room.tellAll({ type: 'receipt', room: room.name, epoch, cursors: moved });
  }

  /** Nodes tell of one user's cursor each for itself, so that an older place may come later. */
  #forward(room: HubRoom, epoch: string, cursors: readonly ReceiptCursor[]): ReceiptCursor[] {
    let told = this.#told.get(room);
    if (told?.epoch !== epoch || told.cursors.size > MAX_TOLD) {
      told = { epoch, cursors: new Map() };
      this.#told.set(room, told);
    }
    const moved: ReceiptCursor[] = [];
    for (const { userId, ...places } of cursors) {
      const before = told.cursors.get(userId);
      const ahead = (['delivered', 'read'] as const).filter((kind) => (places[kind] ?? -1) > (before?.[kind] ?? -1));
      if (ahead.length === 0) continue;
      const cursor = { userId, ...Object.fromEntries(ahead.map((kind) => [kind, places[kind]])) };
      told.cursors.set(userId, { ...before, ...cursor });
      moved.push(cursor);
    }
    return moved;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tellSoon(room: string, epoch: string, cursor: ReceiptCursor): void {
    let pending = this.#pending.get(room);
    if (pending?.epoch !== epoch) {
      pending = { epoch, cursors: new Map() };
      this.#pending.set(room, pending);
    }
    pending.cursors.set(cursor.userId, { ...pending.cursors.get(cursor.userId), ...cursor });
    this.#timer ??= setTimeout(() => this.#flush(), DEBOUNCE_MS).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [room, { epoch, cursors }] of this.#pending) {
      this.core.broker.emit(room, { t: 'r', epoch, cursors: [...cursors.values()] } satisfies ReceiptMessage);
    }
    this.#pending.clear();
  }
}

/** @throws {TrunklineError} `forbidden` */
function checkKept({ rules }: HubRoom): void {
  if (!rules.definition.receipts)
    throw new TrunklineError('forbidden', 'Rooms of this kind keep no receipts.', { path: 'room' });
}
