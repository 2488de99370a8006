import { createId, TrunklineError, type WelcomeLimits } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { jsonBytes, queueFull } from './budget.js';
import type { PublishedToMany, StoredOutcome } from './client-api.js';
import { after } from './clock.js';
import { cancelled, checkSignal, createDeferred, onImpatience, settleAll } from './deferred.js';
import type { Answer } from './exchange.js';
import { callSafely } from './listeners.js';
import type { Outbox, OutboxParts } from './outbox-api.js';
import {
  createItem,
  type Draft,
  goesAgain,
  isForgotten,
  isUnsent,
  keysOf,
  type OutboxItem,
  publishFrame,
  readAnswer,
  unknownOutcome,
} from './outbox-item.js';
import type { StoredPublish } from './queue-storage.js';
import { createRoomOrder } from './room-order.js';

/** Of a frame, beside what is counted here. */
const ID_BYTES = 200;
const REFUSED = { baseMs: 400, capMs: 10_000 };

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
  const { clock, random, queue, requestTimeoutMs } = options;
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
  let limits: WelcomeLimits | undefined;
  let cancelPump = () => {};

  function insert(draft: Draft, signal?: AbortSignal): OutboxItem {
    const item = createItem(draft, clock.now());
    const { expiresAt } = item;
    items.add(item);
    budget.add(item);
    item.release = onImpatience({ clock, timeoutMs: expiresAt && expiresAt - clock.now(), signal }, (error) => {
      const isPublish = item.frame.type === 'publish';
      if (item.inFlight && !isPublish) wire.ask({ type: 'cancel', of: item.id });
      finish(item, isPublish && !isUnsent(item) ? unknownOutcome() : error);
      pump();
    });
    return item;
  }

  function drop(item: OutboxItem): void {
    items.delete(item);
    item.release();
    budget.remove(item);
    if (item.refused) skip(item);
  }

  function finish(item: OutboxItem, result: unknown): void {
    if (!items.has(item)) return;
    const { id, rooms, frame, waiters } = item;
    drop(item);
    if (frame.type === 'publish') {
      store?.remove(id);
      if (waiters.length === 0)
        settled({ id, rooms, event: frame.event, data: frame.data, result: result as StoredOutcome['result'] });
    }
    settleAll(waiters, result);
  }

  /** The server need not wait for it any more. */
  function skip({ id, rooms }: OutboxItem): void {
    for (const room of rooms) wire.ask({ type: 'skip', room, of: id });
  }

  /** The epoch of a joined room; of another one nothing is known. */
  function epochOf([name]: readonly string[]): string | undefined {
    const room = name === undefined ? undefined : memberships.get(name);
    return room?.status === 'joined' ? room.position?.epoch : undefined;
  }

  function pump(): void {
    cancelPump();
    if (!wire.ready || !limits) return;
    const { maxUnacked, dedupeWindowMs } = limits;
    const now = clock.now();
    const held = new Set<string>();
    const underWay = [...items].filter((item) => item.inFlight);
    const flying = new Set(underWay.flatMap(keysOf));
    let unacked = underWay.length;
    let waitMs = 0;
    for (const item of items) {
      if (item.inFlight) continue;
      const { rooms, doubtful, frame } = item;
      const epoch = epochOf(rooms);
      if (isUnsent(item)) item.epoch = epoch;
      const isPublish = frame.type === 'publish';
      // A join under way will tell the epoch: what is in doubt waits for it.
      let waits = keysOf(item).some(
        (key) =>
          held.has(key) ||
          order.rests(key, flying) ||
          (doubtful && isPublish && memberships.get(key).status === 'joining'),
      );
      if (!waits && isForgotten(item, { now, dedupeWindowMs, epoch })) {
        finish(item, unknownOutcome());
        continue;
      }
      waits ||= isPublish && (unacked >= maxUnacked || store?.allows({ ...item, ...frame }) === false);
      waitMs = waits ? 0 : pacer.waitMs();
      if (waitMs > 0) break;
      if (!waits) {
        send(item);
        unacked++;
      } else for (const room of rooms) held.add(room);
    }
    const nextMs = waitMs || order.restMs();
    if (nextMs < Number.POSITIVE_INFINITY) cancelPump = after(clock, nextMs, pump);
  }

  function send(item: OutboxItem): void {
    const { id, frame, expiresAt } = item;
    const now = clock.now();
    item.sentAt ??= now;
    item.refused = false;
    item.inFlight = true;
    const timeoutMs = frame.type === 'request' && expiresAt ? Math.max(1, Math.ceil(expiresAt - now)) : undefined;
    wire.ask({ ...frame, id, ...(timeoutMs && { timeoutMs }) }, (answer) => answered(item, answer));
  }

  function answered(item: OutboxItem, answer: Answer | null): void {
    if (answer?.type === 'progress') {
      callSafely(() => item.onProgress?.(answer.data as never));
      return;
    }
    item.inFlight = false;
    if (!answer) {
      item.doubtful = true;
      order.clear();
      return;
    }
    const result = readAnswer(answer);
    if (result instanceof TrunklineError && goesAgain(item, result)) refused(item, result);
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
      keysOf(item),
      code === 'out_of_order' ? 0 : Math.max(retryAfterMs, backoffMs(REFUSED, item.failures++, random())),
    );
  }

  /** Older than what this page has: they go first. */
  function found(restored: readonly StoredPublish[]): void {
    const own = [...items];
    items.clear();
    for (const { event, data, ...stored } of restored) {
      insert({
        ...stored,
        frame: publishFrame(stored.rooms, event, data),
        doubtful: stored.sentAt !== undefined,
        waiters: [],
      });
    }
    for (const item of own) items.add(item);
    pump();
  }

  return {
    async publish(rooms, event, data, { id = createId(), ttlMs, conflate, signal }) {
      checkSignal(signal);
      const frame = publishFrame(rooms, event, data);
      const bytes = jsonBytes(frame);
      if (limits && bytes > limits.maxMessageBytes - ID_BYTES)
        throw new TrunklineError('too_large', 'Above limits.maxMessageBytes.');
      const old = [...items].find((item) => item.conflate && item.conflate === conflate && isUnsent(item));
      if (old) {
        drop(old);
        store?.remove(old.id);
      }
      const mine = createDeferred<unknown>();
      const waiters = [...(old?.waiters ?? []), mine];
      while (!budget.fits(bytes)) {
        const oldest =
          queue.whenFull === 'drop-oldest'
            ? [...items].find((item) => item.rooms.length > 0 && isUnsent(item))
            : undefined;
        if (oldest) finish(oldest, queueFull());
        else {
          settleAll(waiters, queueFull());
          break;
        }
      }
      if (budget.fits(bytes)) {
        const item = insert(
          { id, frame, rooms, bytes, waiters, conflate, expiresAt: ttlMs && clock.now() + ttlMs },
          signal,
        );
        store?.add({ ...item, event, data });
        pump();
      }
      return (await mine.promise) as PublishedToMany;
    },
    async request(frame, { timeoutMs = requestTimeoutMs, signal, onProgress, idempotent } = {}) {
      checkSignal(signal);
      if (!budget.fits(jsonBytes(frame))) throw queueFull();
      const mine = createDeferred<unknown>();
      insert({ frame, waiters: [mine], onProgress, idempotent, expiresAt: clock.now() + timeoutMs }, signal);
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
        const { frame, waiters } = item;
        drop(item);
        const isKept = store && frame.type === 'publish';
        settleAll(waiters, frame.type === 'history' || (isUnsent(item) && !isKept) ? cancelled() : unknownOutcome());
      }
      await store?.close();
    },
  };
}
