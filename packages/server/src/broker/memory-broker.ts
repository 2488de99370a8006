import { getHeapStatistics } from 'node:v8';
import { createId, TrunklineError } from '@trunkline/protocol';
import type { Broker, BrokerEvents, BrokerStatus } from '../seams/broker.js';
import { MemoryLog } from './memory-log.js';
import { createRetainedMessages, type RetainedMessages } from './retained-messages.js';

export interface MemoryBrokerOptions {
  /** Rooms kept; the longest known one without members is forgotten first. @default 100_000 */
  readonly maxRooms?: number;
  /**
   * What the logs of all rooms may take of the heap, about; beyond it those that were not written for longest lose their oldest
   * events, and who resumes before them is told (`trimmed`). @default a quarter of what Node's heap may grow to
   */
  readonly maxBytes?: number;
  /** Publishes remembered against duplicates, over all rooms; beyond it windows get shorter. @default 1_000_000 */
  readonly maxRemembered?: number;
  /** How long a room without members and publishes keeps its epoch, milliseconds. @default 7 days */
  readonly idleRoomMs?: number;
  /** @default Date.now */
  readonly now?: () => number;
}

const SWEEP_INTERVAL_MS = 60_000;
const WEEK_MS = 7 * 86_400_000;

/** The embedded broker of a single process: bounded logs in memory, delivery in the publisher's own turn. `minReplicas` has no meaning here. */
export function createMemoryBroker(options: MemoryBrokerOptions = {}): Broker {
  const { maxRooms = 100_000, maxRemembered = 1_000_000, idleRoomMs = WEEK_MS, now = Date.now } = options;
  const { maxBytes = getHeapStatistics().heap_size_limit / 4 } = options;
  const nodeId = createId();
  const logs = new Map<string, MemoryLog>();
  const retained = new Map<string, RetainedMessages>();
  const subscribed = new Set<string>();
  let events: BrokerEvents | undefined;
  let status: BrokerStatus = { state: 'starting' };
  let sweeper: NodeJS.Timeout | undefined;
  let remembered = 0;
  let bytes = 0;

  function forget(room: string, log: MemoryLog): void {
    remembered -= log.remembered;
    bytes -= log.bytes;
    logs.delete(room);
  }

  /** To three quarters of the bound, so that it is seldom done: it looks at every room. */
  function shed(): void {
    const at = now();
    const byAge = [...logs.values()].sort((a, b) => a.touchedAt - b.touchedAt);
    bytes = byAge.reduce((sum, log) => sum + log.bytes, 0);
    for (const log of byAge) {
      const excess = bytes - (maxBytes * 3) / 4;
      if (excess <= 0) return;
      bytes -= log.bytes;
      log.shed(excess, at);
      bytes += log.bytes;
    }
  }

  function logOf(room: string): MemoryLog {
    const known = logs.get(room);
    if (known !== undefined) return known;
    if (logs.size >= maxRooms) {
      for (const [oldest, log] of logs) {
        if (subscribed.has(oldest)) continue;
        forget(oldest, log);
        break;
      }
    }
    const log = new MemoryLog(now());
    logs.set(room, log);
    return log;
  }

  function sweep(): void {
    const at = now();
    remembered = 0;
    bytes = 0;
    for (const [room, messages] of retained) {
      messages.list(at);
      if (messages.size === 0) retained.delete(room);
    }
    for (const [room, log] of logs) {
      log.expire(at);
      if (!subscribed.has(room) && log.touchedAt + idleRoomMs <= at) logs.delete(room);
      else {
        remembered += log.remembered;
        bytes += log.bytes;
      }
    }
  }

  return {
    name: 'memory',
    nodeId,
    get status() {
      return status;
    },
    start(listener) {
      events = listener;
      sweeper = setInterval(sweep, SWEEP_INTERVAL_MS).unref();
      status = { state: 'connected' };
      listener.status(status);
      return Promise.resolve();
    },
    subscribe(room) {
      subscribed.add(room);
      return Promise.resolve();
    },
    unsubscribe(room) {
      subscribed.delete(room);
    },
    publish(publication) {
      if (status.state !== 'connected') {
        return Promise.reject(new TrunklineError('unavailable', 'The broker is closed or not started.'));
      }
      const log = logOf(publication.room);
      remembered -= log.remembered;
      bytes -= log.bytes;
      const { appended, event } = log.append(publication, now());
      remembered += log.remembered;
      bytes += log.bytes;
      if (bytes > maxBytes) shed();
      if (remembered > maxRemembered && log.remembered > 1) {
        // Some at once: the first of a Map that is trimmed at every step is found ever slower.
        const count = Math.min(Math.ceil(maxRemembered / 100), log.remembered - 1);
        log.forgetOldest(count);
        remembered -= count;
      }
      if (event !== undefined && subscribed.has(publication.room)) events?.logged(publication.room, event);
      return appended;
    },
    read(room, query) {
      return Promise.resolve(logOf(room).read(query, now()));
    },
    purge(room) {
      const log = logOf(room);
      remembered -= log.remembered;
      bytes -= log.bytes;
      log.restart(now());
      retained.delete(room);
      if (subscribed.has(room)) events?.suspect([room]);
      return Promise.resolve();
    },
    bumpEpoch(room, epoch) {
      const log = logOf(room);
      if (log.epoch === epoch) {
        remembered -= log.remembered;
        log.rename();
        if (subscribed.has(room)) events?.suspect([room]);
      }
      return Promise.resolve(log.head());
    },
    emit(room, message, retain) {
      if (retain !== undefined && (retained.has(room) || retained.size < maxRooms)) {
        const messages = retained.get(room) ?? createRetainedMessages();
        messages.put(retain.key, message, now() + retain.ttlMs);
        retained.set(room, messages);
      }
      if (subscribed.has(room) && !retain?.only) events?.emitted(room, message);
    },
    retained: (room) => Promise.resolve(retained.get(room)?.list(now()) ?? []),
    signal(to, message) {
      if (to === 'all' || to.nodeId === nodeId) events?.signalled(message);
    },
    close() {
      clearInterval(sweeper);
      status = { state: 'degraded', reason: 'closed' };
      logs.clear();
      retained.clear();
      subscribed.clear();
      return Promise.resolve();
    },
  };
}
