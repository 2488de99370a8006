import { createId, TrunklineError, type WelcomeLimits } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { type Budget, jsonBytes } from './budget.js';
import type { PublishedToMany, PublishOptions, StoredOutcome } from './client-api.js';
import { after } from './clock.js';
import { createDeferred, onAbort } from './deferred.js';
import type { Answer, Wire } from './exchange.js';
import type { ResolvedOptions } from './options.js';
import { createItem, isUnsent, type OutboxItem, readAck, settle } from './outbox-item.js';
import { createKeeper } from './outbox-keeper.js';
import type { Pacer } from './pacer.js';
import { createRoomOrder } from './room-order.js';

export interface OutboxParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly pacer: Pacer;
  readonly budget: Budget;
  /** False while a join is under way that will tell the room's epoch; a doubtful publish waits for it. */
  readonly isSettled: (room: string) => boolean;
  readonly epochOf: (room: string) => string | undefined;
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

const unknownOutcome = () =>
  new TrunklineError(
    'unknown_outcome',
    'It was sent, and whether it acted can not be known; look before you publish it anew.',
  );

export function createOutbox({
  options,
  wire,
  pacer,
  budget,
  isSettled,
  epochOf,
  userId,
  failed,
  settled,
}: OutboxParts): Outbox {
  const { clock, random, queue } = options;
  const order = createRoomOrder(clock);
  const keeper = createKeeper({ storage: queue.storage, clock, userId, failed, written: pump, found });
  const items = new Set<OutboxItem>();
  let inFlight = 0;
  let limits: WelcomeLimits | undefined;
  let cancelPump = () => {};

  function insert(item: OutboxItem, signal?: AbortSignal): void {
    items.add(item);
    budget.add(item);
    const expires =
      item.expiresAt === undefined
        ? () => {}
        : after(clock, item.expiresAt - clock.now(), () => giveUp(item, 'timeout'));
    const aborts = onAbort(signal, () => giveUp(item, 'cancelled'));
    item.release = () => {
      expires();
      aborts();
    };
  }

  /** False when it had gone before. */
  function drop(item: OutboxItem): boolean {
    if (!items.delete(item)) return false;
    item.release();
    budget.remove(item);
    if (item.refused) skip(item);
    return true;
  }

  function finish(item: OutboxItem, result: PublishedToMany | TrunklineError): void {
    if (!drop(item)) return;
    keeper.remove(item);
    if (item.waiters.length === 0)
      settled({ id: item.id, rooms: item.rooms, event: item.event, data: item.data, result });
    settle(item, result);
  }

  function giveUp(item: OutboxItem, code: 'timeout' | 'cancelled'): void {
    finish(item, isUnsent(item) ? new TrunklineError(code, 'It was given up before it was sent.') : unknownOutcome());
    pump();
  }

  function skip(item: OutboxItem): void {
    for (const room of item.rooms) wire.send({ type: 'skip', id: createId(), room, of: item.id });
  }

  function isBeyondDoubt(item: OutboxItem): boolean {
    if (!item.doubtful || item.sentAt === undefined) return true;
    const epoch = item.epoch === undefined ? undefined : epochOf(item.rooms[0] ?? '');
    return (
      clock.now() - item.sentAt < (limits?.dedupeWindowMs ?? 0) * WINDOW_SHARE &&
      (epoch === undefined || epoch === item.epoch)
    );
  }

  function pump(): void {
    cancelPump();
    if (!wire.ready || !limits) return;
    const held = new Set<string>();
    for (const item of items) {
      if (item.inFlight) continue;
      if (isUnsent(item)) item.epoch = epochOf(item.rooms[0] ?? '');
      const waits = item.rooms.some(
        (room) => held.has(room) || order.rests(room) || (item.doubtful && !isSettled(room)),
      );
      if (!waits && !isBeyondDoubt(item)) finish(item, unknownOutcome());
      else if (waits || !keeper.allows(item)) for (const room of item.rooms) held.add(room);
      else if (inFlight >= limits.maxUnacked) return;
      else {
        const waitMs = pacer.waitMs();
        if (waitMs > 0) {
          cancelPump = after(clock, waitMs, pump);
          return;
        }
        send(item);
      }
    }
    const restMs = order.restMs();
    if (restMs !== undefined) cancelPump = after(clock, restMs, pump);
  }

  function send(item: OutboxItem): void {
    const [first = ''] = item.rooms;
    item.sentAt ??= clock.now();
    item.refused = false;
    fly(item, 1);
    const room = item.rooms.length > 1 ? item.rooms : first;
    wire.ask({ type: 'publish', id: item.id, room, event: item.event, data: item.data }, (answer) =>
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
    if (answer === null) {
      item.doubtful = true;
      order.clear();
      return;
    }
    const result =
      answer.type === 'ack' ? readAck(answer) : answer.type === 'error' ? TrunklineError.from(answer) : undefined;
    if (result instanceof TrunklineError && result.retryable) refused(item, result);
    else if (result) finish(item, result);
    pump();
  }

  function refused(item: OutboxItem, error: TrunklineError): void {
    if (!items.has(item)) return skip(item);
    item.refused = true;
    if (!item.doubtful) item.sentAt = undefined;
    const waitMs =
      error.code === 'out_of_order'
        ? 0
        : Math.max(error.retryAfterMs ?? 0, backoffMs(REFUSED, item.refusals++, random()));
    order.rest(item.rooms, waitMs);
  }

  function found(restored: readonly OutboxItem[]): void {
    const known = new Set([...items].map(({ id }) => id));
    const own = [...items];
    items.clear();
    for (const item of restored) if (!known.has(item.id)) insert(item);
    for (const item of own) items.add(item);
    pump();
  }

  /** @throws {TrunklineError} `queue_full` */
  function makeRoom(bytes: number): void {
    while (!budget.fits(bytes)) {
      const oldest = queue.whenFull === 'drop-oldest' ? [...items].find(isUnsent) : undefined;
      const full = new TrunklineError(
        'queue_full',
        'The queue is at its bound; wait for the connection or choose another policy.',
      );
      if (!oldest) throw full;
      finish(oldest, full);
    }
  }

  return {
    async publish(rooms, event, data, { id = createId(), ttlMs, conflate, signal }) {
      if (signal?.aborted) throw new TrunklineError('cancelled', 'The signal had fired.', { cause: signal.reason });
      const bytes = jsonBytes(data);
      if (bytes > (limits?.maxMessageBytes ?? Number.POSITIVE_INFINITY) - 2_048)
        throw new TrunklineError('too_large', 'The message is above what the server takes.');
      const old =
        conflate === undefined ? undefined : [...items].find((item) => item.conflate === conflate && isUnsent(item));
      if (old && drop(old)) keeper.remove(old);
      try {
        makeRoom(bytes);
      } catch (error) {
        if (old) settle(old, error as TrunklineError);
        throw error;
      }
      const createdAt = clock.now();
      const expiresAt = ttlMs === undefined ? undefined : createdAt + ttlMs;
      const mine = createDeferred<PublishedToMany>();
      const item = createItem({ id, rooms, event, data, bytes, createdAt, expiresAt, conflate }, [
        ...(old?.waiters ?? []),
        mine,
      ]);
      insert(item, signal);
      if (items.has(item)) keeper.add(item);
      pump();
      return await mine.promise;
    },
    opened(next) {
      limits = next;
      for (const item of items) item.refused = false;
      pump();
      keeper.adopt();
    },
    pump,
    async end() {
      cancelPump();
      const stored = queue.storage !== undefined;
      for (const item of [...items]) {
        drop(item);
        const kept = stored ? 'It stays in the storage and is sent by a later client.' : 'The client was closed.';
        settle(
          item,
          stored
            ? new TrunklineError('unknown_outcome', kept)
            : isUnsent(item)
              ? new TrunklineError('cancelled', kept)
              : unknownOutcome(),
        );
      }
      await keeper.close();
    },
  };
}
