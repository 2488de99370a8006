import { createId, TrunklineError, type WelcomeLimits } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import type { PublishOptions } from './client-api.js';
import { after, steady } from './clock.js';
import { cancelled, createDeferred, onAbort, settleAll } from './deferred.js';
import type { Answer } from './exchange.js';
import { callSafely } from './listeners.js';
import type { Outbox, OutboxParts } from './outbox-api.js';
import {
  type Draft,
  fault,
  goesAgain,
  isForgotten,
  isTooLarge,
  isUnsent,
  type OutboxItem,
  type Packed,
  pack,
  publishFrame,
  readAnswer,
} from './outbox-item.js';
import type { StoredOutcome } from './queue-api.js';
import type { StoredPublish, StoredQueue } from './queue-storage.js';

export function createOutbox(parts: OutboxParts): Outbox {
  const { options, wire, queue, userId, failed } = parts;
  const { clock, random } = options;
  const graceMs = 1_000;
  const now = steady(clock);
  const { entries } = queue;
  let store: StoredQueue | undefined;
  let limits: WelcomeLimits | undefined;
  let cancelPump = () => {};
  const find = (isIt: (item: OutboxItem) => unknown) => [...entries].find(isIt);

  function insert(draft: Draft): OutboxItem {
    let ignore = () => {};
    const item: OutboxItem = {
      rooms: [],
      createdAt: clock.now(),
      failures: 0,
      release() {
        if (stopTimer) stopTimer();
        ignore();
      },
      ...draft,
    };
    const { expiresAt, frame, signal } = item;
    entries.add(item);
    const stopTimer = expiresAt && after(clock, expiresAt - now(), () => giveUp(fault('timeout')));
    ignore = onAbort(signal, () => giveUp(cancelled(signal)));
    function giveUp(error: TrunklineError): void {
      const isPublish = frame.type === 'publish';
      if (item.inFlight && !isPublish) wire.ask({ type: 'cancel', of: item.id });
      finish(item, isUnsent(item) || !isPublish ? error : fault('unknown_outcome'));
      pump();
    }
    return item;
  }

  function checked<F>(given: F): Packed<F> {
    const packed = pack(given);
    if (limits && isTooLarge(packed.bytes, limits)) throw fault('too_large');
    return packed;
  }

  async function enqueue<T>(
    { id = createId(), ttlMs = Infinity, ...draft }: Omit<Draft, 'bytes' | 'id' | 'waiters'> & PublishOptions,
    old?: OutboxItem,
  ): Promise<T> {
    parts.start(draft.signal);
    // The server could not even say what it refuses. From plain JavaScript it may be a number.
    if (!id.match?.(/^[!-~]{1,128}$/)) throw fault('invalid_frame');
    const { frame, bytes } = checked(draft.frame);
    const twin = find((item) => item.id === id);
    if (twin && JSON.stringify(twin.frame) !== JSON.stringify(frame)) throw fault('id_conflict');
    if (old && !twin) drop(old);
    const waiters = twin?.waiters ?? new Set(old?.waiters);
    const { promise } = createDeferred(waiters);
    if (!twin) {
      if (!fits(bytes)) settleAll(waiters, fault('queue_full'));
      else {
        const expiresAt = ttlMs < Infinity ? now() + ttlMs : undefined;
        const item = insert({ ...draft, id, frame, bytes, expiresAt, waiters });
        if (frame.type === 'publish') store?.add({ ...item, ...frame });
        queue.changed();
        pump();
      }
    }
    return promise;
  }

  /** Drops the oldest for it, if the application wants that. */
  function fits(bytes: number): boolean {
    while (!queue.fits(bytes)) {
      const oldest =
        options.queue.whenFull === 'drop-oldest' && find((item) => item.frame.type === 'publish' && isUnsent(item));
      if (!oldest) return false;
      finish(oldest, fault('queue_full'));
    }
    return true;
  }

  function drop(item: OutboxItem, isStored = false): void {
    entries.delete(item);
    item.release();
    queue.changed();
    if (item.restUntil) skip(item);
    if (!isStored && item.frame.type === 'publish') store?.remove(item.id);
  }

  function finish(item: OutboxItem, result: unknown): void {
    if (!entries.has(item)) return;
    const { id, rooms, frame, waiters } = item;
    drop(item);
    if (frame.type === 'publish' && waiters.size === 0)
      parts.settled({ ...frame, id, rooms, result: result as StoredOutcome['result'] });
    settleAll(waiters, result as never);
  }

  /** The server need not wait for it any more. */
  function skip({ id, rooms }: OutboxItem): void {
    for (const room of rooms) wire.ask({ type: 'skip', room, of: id }, () => {});
  }

  function pump(): void {
    cancelPump();
    if (!wire.isReady() || !limits) return;
    /** Clocks differ: a resend arrives later than ours says. */
    const margin = 1.05;
    const { maxUnacked, dedupeWindowMs } = limits;
    const time = now();
    /** Rooms whose next message is not on its way yet: what is younger waits too. */
    const held = new Set<string>();
    const underWay = [...entries].filter((item) => item.inFlight);
    const flying = new Set(underWay.flatMap(({ rooms }) => rooms));
    let unacked = underWay.length;
    let nextMs = Infinity;
    for (const item of entries) {
      if (item.inFlight) continue;
      const { rooms, doubtful, bytes, frame, restUntil = time } = item;
      const memberships = rooms.map(parts.room);
      const [first] = memberships;
      // Of a room that is not joined nothing is known.
      const epoch = first?.status === 'joined' ? first.position?.epoch : undefined;
      if (isUnsent(item)) item.epoch = epoch;
      // The server refuses what follows a refused one: all that is under way comes back first, and the oldest goes first.
      const waits =
        restUntil > time ||
        rooms.some((room) => held.has(room) || (item.restUntil && flying.has(room))) ||
        // A join under way will tell the epoch: what is in doubt waits for it.
        (doubtful && memberships.some(({ status }) => status === 'joining')) ||
        (frame.type === 'publish' && (unacked >= maxUnacked || (store && !store.allows({ ...item, ...frame }))));
      if (waits) {
        if (restUntil > time) nextMs = Math.min(nextMs, restUntil - time);
        for (const room of rooms) held.add(room);
        continue;
      }
      // A resend must arrive while the server still remembers, and in the epoch that it was sent to.
      const ageMs = epoch && item.epoch && epoch !== item.epoch ? Infinity : (time - (item.sentAt ?? time)) * margin;
      if (isTooLarge(bytes, limits) || isForgotten(item, ageMs, dedupeWindowMs)) {
        finish(item, fault(isUnsent(item) ? 'too_large' : 'unknown_outcome'));
        continue;
      }
      const waitMs = wire.waitMs();
      if (waitMs > 0) {
        nextMs = Math.min(nextMs, waitMs);
        break;
      }
      send(item);
      unacked++;
    }
    if (nextMs < Infinity) cancelPump = after(clock, nextMs, pump);
  }

  function send(item: OutboxItem): void {
    const { id, frame, expiresAt } = item;
    item.sentAt ??= now();
    item.restUntil = undefined;
    item.inFlight = true;
    // Here it ends first, and with it the action: the server lets what only timed out run on.
    const timeoutMs = frame.type === 'request' && expiresAt ? Math.ceil(expiresAt - now()) + graceMs : undefined;
    wire.ask({ ...frame, id, ...{ timeoutMs } }, (answer) => answered(item, answer));
  }

  function answered(item: OutboxItem, answer: Answer | null): void {
    if (answer?.type === 'progress') {
      if (entries.has(item)) callSafely(() => item.onProgress?.(answer.data as never));
      return;
    }
    item.inFlight = false;
    item.doubtful ||= !answer;
    if (!answer) return;
    const result = readAnswer(answer);
    // One of several rooms refuses it; others may have it.
    if (answer.type === 'ack') item.doubtful ||= answer.rooms?.some(({ error }) => !error);
    if (result instanceof TrunklineError && goesAgain(item, result)) refused(item, result);
    else finish(item, result);
    pump();
  }

  function refused(item: OutboxItem, { code, retryAfterMs = 0 }: TrunklineError): void {
    if (!entries.has(item)) {
      skip(item);
      return;
    }
    if (!item.doubtful) item.sentAt = undefined;
    item.restUntil =
      now() +
      (code === 'out_of_order' ? 0 : Math.max(retryAfterMs, backoffMs(options.backoff, item.failures++, random())));
  }

  /** Older than what this page has: they go first. */
  function found(restored: readonly StoredPublish[]): void {
    const own = [...entries];
    entries.clear();
    for (const { event, data, ...stored } of restored) {
      const packed = pack(publishFrame(stored.rooms, event, data));
      insert({ ...stored, ...packed, doubtful: !isUnsent(stored), waiters: new Set() });
    }
    for (const item of own) entries.add(item);
    queue.changed();
    pump();
  }

  return {
    checked,
    publish(rooms, event, data, given = {}) {
      const old = find((item) => given.conflate && item.conflate === given.conflate && isUnsent(item));
      // A copy, and from plain JavaScript it may be one name.
      return enqueue({ ...given, frame: publishFrame(rooms, event, data), rooms: [rooms].flat() }, old);
    },
    request: (frame, { timeoutMs = options.requestTimeoutMs, ...given } = {}) =>
      enqueue({ ...given, frame, ttlMs: timeoutMs }),
    started() {
      store ??= options.queue.storage?.open({
        clock,
        userId,
        failed,
        written: pump,
        found,
        isOpen: wire.isReady,
        gone(id) {
          const item = find((one) => one.id === id);
          if (item) drop(item, true);
        },
      });
      store?.adopt();
    },
    opened(welcome) {
      ({ limits } = welcome);
      for (const item of entries) item.restUntil = undefined;
      store?.adopt();
      pump();
    },
    pump,
    async end() {
      cancelPump();
      for (const item of entries) {
        const { frame, waiters } = item;
        drop(item, true);
        const isKept = frame.type === 'publish' && store;
        settleAll(
          waiters,
          (frame.type === 'history' || isUnsent(item)) && !isKept ? cancelled() : fault('unknown_outcome'),
        );
      }
      const closing = store?.close();
      store = undefined;
      await closing;
    },
  };
}
