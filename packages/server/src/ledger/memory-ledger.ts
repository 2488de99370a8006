import { TrunklineError } from '@trunkline/protocol';
import type { Ledger } from '../seams/ledger.js';
import { condense, isSameData } from './request-data.js';

export interface MemoryLedgerOptions {
  readonly nodeId?: string;
  /** Requests remembered; beyond it the oldest is forgotten. @default 100_000 */
  readonly maxKeys?: number;
  /** Rooms with receipt cursors; beyond it the one moved longest ago is forgotten. @default 10_000 */
  readonly maxRooms?: number;
  /** @default Date.now */
  readonly now?: () => number;
}

/** One object from claim to end: with an entry made anew at each step, keeping results was a tenth of a request. */
interface Row {
  /** Milliseconds since the ledger was made: so small a number is no object of its own. */
  until: number;
  settled: boolean;
  result: unknown;
  /** As it came while the request runs, then condensed. */
  data: unknown;
}
interface Waiter {
  resolve(result: unknown): void;
  onProgress(data: unknown): void;
}
interface Cursors {
  readonly epoch: string;
  readonly byUser: Map<string, { delivered?: number; read?: number }>;
}

/** Requests and receipts of a single process. */
export function createMemoryLedger(options: MemoryLedgerOptions = {}): Ledger {
  const { maxKeys = 100_000, maxRooms = 10_000, nodeId = 'local', now = Date.now } = options;
  const rows = new Map<string, Row>();
  const waiting = new Map<string, Set<Waiter>>();
  const receipts = new Map<string, Cursors>();
  const madeAt = now();
  const age = () => now() - madeAt;

  function live(key: string): Row | undefined {
    const row = rows.get(key);
    if (row === undefined || row.until > age()) return row;
    rows.delete(key);
    return undefined;
  }

  function tell(key: string, result: unknown): void {
    if (waiting.size === 0) return;
    const listeners = waiting.get(key);
    waiting.delete(key);
    for (const { resolve } of listeners ?? []) resolve(result);
  }

  return {
    start: () => Promise.resolve(),
    claim(key, data, ttlMs) {
      const row = live(key);
      if (row === undefined) {
        rows.set(key, { until: age() + ttlMs, settled: false, result: undefined, data });
        dropOldest(rows, maxKeys);
        return { status: 'claimed' };
      }
      if (!isSameData(row.data, data)) return { status: 'conflict' };
      return row.settled ? { status: 'settled', result: row.result } : { status: 'running', nodeId };
    },
    settle(key, result, ttlMs) {
      const row = live(key);
      if (row === undefined || row.settled) return;
      row.until = age() + ttlMs;
      row.settled = true;
      row.result = result;
      row.data = condense(row.data);
      tell(key, result);
    },
    release(key, result) {
      const row = live(key);
      if (row === undefined || row.settled) return;
      rows.delete(key);
      tell(key, result);
    },
    tellProgress(key, data) {
      for (const { onProgress } of waiting.get(key) ?? []) onProgress(data);
    },
    settled(key, signal, onProgress) {
      const row = live(key);
      if (row?.settled) return Promise.resolve(row.result);
      if (row === undefined) return Promise.reject(lostRun());
      if (signal.aborted) return Promise.reject(waitEnded());
      return new Promise((resolve, reject) => {
        const listeners = waiting.get(key) ?? new Set();
        const onAbort = (): void => {
          listeners.delete(listener);
          if (listeners.size === 0) waiting.delete(key);
          reject(waitEnded());
        };
        const listener: Waiter = {
          resolve(result) {
            signal.removeEventListener('abort', onAbort);
            resolve(result);
          },
          onProgress,
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.set(key, listeners.add(listener));
      });
    },
    isAwaited: (key) => Promise.resolve(waiting.has(key)),
    advance({ room, epoch, userId, kind, offset }) {
      const known = receipts.get(room);
      const cursors: Cursors = known?.epoch === epoch ? known : { epoch, byUser: new Map() };
      const cursor = cursors.byUser.get(userId) ?? {};
      if ((cursor[kind] ?? 0) >= offset) return Promise.resolve(false);
      cursors.byUser.set(userId, { ...cursor, [kind]: offset });
      receipts.delete(room);
      receipts.set(room, cursors);
      dropOldest(receipts, maxRooms);
      return Promise.resolve(true);
    },
    cursors(room, epoch) {
      const known = receipts.get(room);
      if (known === undefined || known.epoch !== epoch) return Promise.resolve([]);
      return Promise.resolve(Array.from(known.byUser, ([userId, cursor]) => ({ userId, ...cursor })));
    },
    close() {
      rows.clear();
      waiting.clear();
      receipts.clear();
      return Promise.resolve();
    },
  };
}

/** What a wait that its caller gave up rejects with. */
export function waitEnded(): TrunklineError {
  return new TrunklineError('cancelled', 'The wait for the result was given up.');
}

/** What a wait rejects with when its node could not tell whether it held the claim, and ran nothing. */
export function neverRan(): TrunklineError {
  return new TrunklineError('unavailable', 'The request did not begin; send it again.');
}

/** What a wait rejects with when nobody runs the request any more. */
export function lostRun(): TrunklineError {
  return new TrunklineError('unknown_outcome', 'Nobody runs this request any more; it may have acted.', {
    retrySafe: false,
  });
}

/** Several at a time: an iterator walks over everything deleted since the Map was last rebuilt. */
function dropOldest<V>(map: Map<string, V>, most: number): void {
  if (map.size <= most + Math.floor(most / 16)) return;
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
