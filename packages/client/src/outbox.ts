import { createId, type ErrorFrame, TrunklineError, type WelcomeLimits } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { type Budget, jsonBytes, queueFull } from './budget.js';
import type { PublishedToMany, PublishOptions, StoredOutcome } from './client-api.js';
import { after } from './clock.js';
import { cancelled, checkSignal, createDeferred, onImpatience, settleAll } from './deferred.js';
import type { Answer, Wire } from './exchange.js';
import type { Memberships } from './memberships.js';
import type { ResolvedOptions } from './options.js';
import { createItem, isUnsent, type OutboxItem, readAck } from './outbox-item.js';
import type { Pacer } from './pacer.js';
import type { StoredPublish } from './queue-storage.js';
import { createRoomOrder } from './room-order.js';

export interface OutboxParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly pacer: Pacer;
  readonly budget: Budget;
  readonly memberships: Pick<Memberships, 'get'>;
  readonly userId: () => string | undefined;
  readonly failed: (error: unknown) => void;
  /** A publish that nobody in this page waits for. */
  readonly settled: (outcome: StoredOutcome) => void;
}

/** Publishes until their ack: in order per room, the same id at every try, none sent again beyond doubt. */
export interface Outbox {
  publish(rooms: readonly string[], event: string, data: unknown, options: PublishOptions): Promise<PublishedToMany>;
  opened(limits: WelcomeLimits): void;
  /** Sends what may go by now. */
  pump(): void;
  /** Settles everything; what is stored stays there. */
  end(): Promise<void>;
}

const REFUSED = { baseMs: 400, capMs: 10_000 };
/** A resend must arrive while the server still remembers. */
const WINDOW_SHARE = 0.95;
/** Of a frame, beside its data. */
const ENVELOPE_BYTES = 4_096;

const unknownOutcome = () =>
  new TrunklineError('unknown_outcome', 'Sent, and its outcome can not be known: look before publishing anew.');

export function createOutbox({
  options,
  wire,
  pacer,
  budget,
  memberships,
  userId,
  failed,
  settled,
}: OutboxParts): Outbox {
  const { clock, random, queue } = options;
  const order = createRoomOrder(clock);
  const items = new Set<OutboxItem>();
  const store = queue.storage?.open({
    now: clock.now,
    after: (delayMs, run) => after(clock, delayMs, run),
    userId,
    failed,
    written: pump,
    found,
  });
  let inFlight = 0;
  let limits: WelcomeLimits | undefined;
  let cancelPump = () => {};

  function insert(item: OutboxItem, signal?: AbortSignal): void {
    const { expiresAt } = item;
    items.add(item);
    budget.add(item);
    item.release = onImpatience({ clock, timeoutMs: expiresAt && expiresAt - clock.now(), signal }, (error) => {
      finish(item, isUnsent(item) ? error : unknownOutcome());
      pump();
    });
  }

  function drop(item: OutboxItem): void {
    items.delete(item);
    item.release();
    budget.remove(item);
    if (item.refused) skip(item);
  }

  function finish(item: OutboxItem, result: PublishedToMany | TrunklineError): void {
    if (!items.has(item)) return;
    const { id, rooms, event, data, waiters } = item;
    drop(item);
    store?.remove(id);
    if (waiters.length === 0) settled({ id, rooms, event, data, result });
    settleAll(waiters, result);
  }

  function skip({ id, rooms }: OutboxItem): void {
    for (const room of rooms) wire.ask({ type: 'skip', room, of: id });
  }

  const roomOf = (item: OutboxItem) => memberships.get(item.rooms[0] ?? '');
  /** The epoch of a joined room; of another one nothing is known. */
  function epochOf(item: OutboxItem): string | undefined {
    const { status, cursor } = roomOf(item);
    return status === 'joined' ? cursor.position?.epoch : undefined;
  }

  /** A join under way will tell the epoch: what is in doubt waits for it. */
  function mayGo(item: OutboxItem, held: ReadonlySet<string>): boolean {
    if (item.rooms.some((room) => held.has(room) || order.rests(room))) return false;
    return !item.doubtful || roomOf(item).status !== 'joining';
  }

  function isForgotten({ doubtful, sentAt, epoch }: OutboxItem, now: string | undefined): boolean {
    if (!doubtful || sentAt === undefined || !limits) return false;
    return (
      clock.now() - sentAt >= limits.dedupeWindowMs * WINDOW_SHARE ||
      (epoch !== undefined && now !== undefined && epoch !== now)
    );
  }

  function pump(): void {
    cancelPump();
    if (!wire.ready || !limits) return;
    const held = new Set<string>();
    let waitMs = 0;
    for (const item of items) {
      if (item.inFlight) continue;
      const epoch = epochOf(item);
      if (isUnsent(item)) item.epoch = epoch;
      const free = mayGo(item, held);
      if (free && isForgotten(item, epoch)) finish(item, unknownOutcome());
      else if (!free || store?.allows(item) === false) for (const room of item.rooms) held.add(room);
      else if (inFlight >= limits.maxUnacked) break;
      else {
        waitMs = pacer.waitMs();
        if (waitMs > 0) break;
        send(item);
      }
    }
    const restMs = waitMs || order.restMs();
    if (restMs < Number.POSITIVE_INFINITY) cancelPump = after(clock, restMs, pump);
  }

  function send(item: OutboxItem): void {
    const { id, rooms, event, data } = item;
    item.sentAt ??= clock.now();
    item.refused = false;
    fly(item, 1);
    wire.ask({ type: 'publish', id, room: rooms.length > 1 ? rooms : (rooms[0] ?? ''), event, data }, (answer) =>
      answered(item, answer),
    );
  }

  function fly(item: OutboxItem, by: 1 | -1): void {
    item.inFlight = by > 0;
    inFlight += by;
    order.fly(item.rooms, by);
  }

  function answered(item: OutboxItem, answer: Answer | null): void {
    fly(item, -1);
    if (!answer) {
      item.doubtful = true;
      order.clear();
      return;
    }
    const result = answer.type === 'ack' ? readAck(answer) : TrunklineError.from(answer as ErrorFrame);
    if (result instanceof TrunklineError && result.retryable) refused(item, result);
    else finish(item, result);
    pump();
  }

  function refused(item: OutboxItem, { code, retryAfterMs = 0 }: TrunklineError): void {
    if (!items.has(item)) {
      skip(item);
      return;
    }
    item.refused = true;
    if (!item.doubtful) item.sentAt = undefined;
    order.rest(
      item.rooms,
      code === 'out_of_order' ? 0 : Math.max(retryAfterMs, backoffMs(REFUSED, item.failures++, random())),
    );
  }

  /** Older than what this page has: they go first. */
  function found(restored: readonly StoredPublish[]): void {
    const own = [...items];
    items.clear();
    for (const stored of restored) insert(createItem(stored, jsonBytes(stored.data), []));
    for (const item of own) items.add(item);
    pump();
  }

  return {
    async publish(rooms, event, data, { id = createId(), ttlMs, conflate, signal }) {
      checkSignal(signal);
      const bytes = jsonBytes(data);
      if (limits && bytes > limits.maxMessageBytes - ENVELOPE_BYTES)
        throw new TrunklineError('too_large', 'Above what the server takes in one message.');
      const old = [...items].find((item) => item.conflate && item.conflate === conflate && isUnsent(item));
      if (old) {
        drop(old);
        store?.remove(old.id);
      }
      const mine = createDeferred<PublishedToMany>();
      const waiters = [...(old?.waiters ?? []), mine];
      while (!budget.fits(bytes)) {
        const oldest = queue.whenFull === 'drop-oldest' ? [...items].find(isUnsent) : undefined;
        if (oldest) finish(oldest, queueFull());
        else {
          settleAll(waiters, queueFull());
          return await mine.promise;
        }
      }
      const createdAt = clock.now();
      const item = createItem(
        { id, rooms, event, data, createdAt, expiresAt: ttlMs && createdAt + ttlMs },
        bytes,
        waiters,
        conflate,
      );
      insert(item, signal);
      store?.add(item);
      pump();
      return await mine.promise;
    },
    opened(next) {
      limits = next;
      for (const item of items) item.refused = false;
      pump();
      store?.adopt();
    },
    pump,
    async end() {
      cancelPump();
      for (const item of [...items]) {
        drop(item);
        const error = isUnsent(item) && !store ? cancelled() : unknownOutcome();
        settleAll(item.waiters, error);
      }
      await store?.close();
    },
  };
}
