import type { ReceiptCursor, ReceiptKind } from '@trunkline/protocol';
import { decodeSignal, encodeSignal, parseJson } from '../broker/redis/envelope.js';
import type { RedisLink } from '../broker/redis/redis-link.js';
import type { Claim, Ledger } from '../seams/ledger.js';
import { advanceScript, claimScript, nodeLivesScript } from './ledger-scripts.js';
import { lostRun, neverRan, waitEnded } from './memory-ledger.js';
import { digestData } from './request-data.js';
import { Settlements } from './settlements.js';

/** Receipts of a room that nobody moves any more. */
const RECEIPTS_MS = 30 * 86_400_000;
/** A settlement that was not heard is found by asking. */
const ASK_MS = 1_000;
/** Questions in a row that find the running node's lease ended. */
const DEAD_ANSWERS = 2;
/** For those who wait to read what a free key came to; they ask at least every second. */
const RELEASED_MS = 10_000;
const STATE_AND_DIGEST = 44;
const PREFIXES = { delivered: 'd:', read: 'r:' } as const satisfies Record<ReceiptKind, string>;

type Running = Extract<Claim, { status: 'running' | 'settled' }>;
interface Waiter {
  ask(): void;
  onProgress(data: unknown): void;
}

/** Requests and receipts over Redis. */
export function createRedisLedger(link: RedisLink): Ledger {
  const { keys, nodeId, subscriber } = link;
  const settlements = new Settlements(link);
  const waiters = new Map<string, Set<Waiter>>();
  let timer: NodeJS.Timeout | undefined;

  function askAll(key: string): void {
    for (const waiter of waiters.get(key) ?? []) waiter.ask();
  }

  function hear(key: string, message: string): void {
    const progress = decodeSignal(message);
    if (progress === undefined) askAll(key);
    else for (const waiter of waiters.get(key) ?? []) waiter.onProgress(progress);
  }

  function wait(key: string, waiter: Waiter): () => void {
    const known = waiters.get(key) ?? new Set();
    waiters.set(key, known.add(waiter));
    // Heard or not, what settled meanwhile is found by asking.
    void subscriber.listen(keys.requestChannel(key), (message) => hear(key, message)).then(waiter.ask);
    timer ??= setInterval(() => {
      for (const waiting of waiters.keys()) askAll(waiting);
    }, ASK_MS);
    return () => {
      known.delete(waiter);
      if (known.size === 0) {
        waiters.delete(key);
        subscriber.unlisten(keys.requestChannel(key));
      }
      if (waiters.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  }

  return {
    start: () => Promise.resolve(),
    async claim(key, data, ttlMs) {
      await settlements.pay(key);
      const wasUsable = link.usable;
      try {
        const kept = String(await link.script(claimScript, [keys.request(key), nodeId, digestData(data), ttlMs]));
        if (kept === '') return { status: 'claimed' };
        return kept === 'C' ? { status: 'conflict' } : readClaim(kept);
      } catch (error) {
        // Its answer may be all that was lost.
        if (wasUsable) settlements.tellLater(key, { state: 'F', text: '', ttlMs: RELEASED_MS });
        throw error;
      }
    },
    settle: (key, result, ttlMs) =>
      settlements.tell(key, { state: 'S', text: JSON.stringify(result) ?? 'null', ttlMs }),
    release: (key, result) =>
      settlements.tell(key, { state: 'F', text: JSON.stringify(result) ?? 'null', ttlMs: RELEASED_MS }),
    tellProgress(key, data) {
      const message = encodeSignal(data);
      link.call((redis) => redis.publish(keys.requestChannel(key), message)).catch(() => undefined);
    },
    settled(key, signal, onProgress) {
      return new Promise((resolve, reject) => {
        let over = false;
        let deadAnswers = 0;
        const end = (settle: () => void): void => {
          if (over) return;
          over = true;
          signal.removeEventListener('abort', onAbort);
          unwait();
          settle();
        };
        const onAbort = (): void => end(() => reject(waitEnded()));
        const askOnce = async (): Promise<void> => {
          const kept = await link.call((redis) => redis.get(keys.request(key)));
          if (kept === null) return end(() => reject(lostRun()));
          if (kept.length === STATE_AND_DIGEST) return end(() => reject(neverRan()));
          const claim = readClaim(kept);
          if (claim.status === 'settled') return end(() => resolve(claim.result));
          const lives = Number(await link.script(nodeLivesScript, [keys.rosterNodes, claim.nodeId])) === 1;
          deadAnswers = lives || claim.nodeId === nodeId ? 0 : deadAnswers + 1;
          if (deadAnswers >= DEAD_ANSWERS) end(() => reject(lostRun()));
        };
        // Away: the next question may be answered.
        const ask = (): void => void (over || askOnce().catch(() => undefined));
        const unwait = wait(key, { ask, onProgress });
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      });
    },
    async isAwaited(key) {
      // Who waits listens there.
      const [, listeners] = await link.call((redis) => redis.pubsub('NUMSUB', keys.requestChannel(key)));
      return Number(listeners) > 0;
    },
    async advance({ room, epoch, userId, kind, offset }) {
      const args = [keys.receipts(room), epoch, PREFIXES[kind] + userId, offset, RECEIPTS_MS];
      return Number(await link.script(advanceScript, args)) === 1;
    },
    async cursors(room, epoch) {
      const fields = await link.call((redis) => redis.hgetall(keys.receipts(room)));
      if (fields.epoch !== epoch) return [];
      const cursors = new Map<string, ReceiptCursor>();
      for (const [field, offset] of Object.entries(fields)) {
        const userId = field.slice(2);
        const known = cursors.get(userId) ?? { userId };
        if (field.startsWith(PREFIXES.delivered)) cursors.set(userId, { ...known, delivered: Number(offset) });
        if (field.startsWith(PREFIXES.read)) cursors.set(userId, { ...known, read: Number(offset) });
      }
      return [...cursors.values()];
    },
    close() {
      clearInterval(timer);
      settlements.close();
      waiters.clear();
      return Promise.resolve();
    },
  };
}

function readClaim(kept: string): Running {
  const rest = kept.slice(STATE_AND_DIGEST);
  return kept.startsWith('R') ? { status: 'running', nodeId: rest } : { status: 'settled', result: parseJson(rest) };
}
