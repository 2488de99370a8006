import { type ReceiptCursor, type ReceiptKind, TrunklineError } from '@trunkline/protocol';
import { parseJson } from '../broker/redis/envelope.js';
import type { RedisLink } from '../broker/redis/redis-link.js';
import type { Claim, Ledger } from '../seams/ledger.js';
import { advanceScript, claimScript, nodeLivesScript, settleScript } from './ledger-scripts.js';
import { lostRun, waitEnded } from './memory-ledger.js';

/** Receipts of a room that nobody moves any more. */
const RECEIPTS_MS = 30 * 86_400_000;
/** A settlement that was not heard is found by asking. */
const ASK_MS = 1_000;
/** Questions in a row that find the running node's lease ended. */
const DEAD_ANSWERS = 2;
const PREFIXES = { delivered: 'd:', read: 'r:' } as const satisfies Record<ReceiptKind, string>;

type Running = Exclude<Claim, { status: 'claimed' }>;
interface Waiter {
  ask(): void;
}

/** Requests and receipts over Redis. */
export function createRedisLedger(link: RedisLink): Ledger {
  const { keys, nodeId, subscriber } = link;
  const waiters = new Map<string, Set<Waiter>>();
  let timer: NodeJS.Timeout | undefined;

  function askAll(key: string): void {
    for (const waiter of waiters.get(key) ?? []) waiter.ask();
  }

  function wait(key: string, waiter: Waiter): () => void {
    const known = waiters.get(key) ?? new Set();
    waiters.set(key, known.add(waiter));
    // Heard or not, what settled meanwhile is found by asking.
    void subscriber.listen(keys.requestChannel(key), () => askAll(key)).then(waiter.ask);
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

  /** @returns null while it runs @throws {TrunklineError} `unknown_outcome` when nobody runs it any more */
  async function look(key: string): Promise<Running | null> {
    const kept = await link.call((redis) => redis.get(keys.request(key)));
    if (kept === null) throw lostRun();
    return readClaim(kept);
  }

  return {
    start: () => Promise.resolve(),
    async claim(key, ttlMs) {
      const kept = String(await link.script(claimScript, [keys.request(key), nodeId, ttlMs]));
      return kept === '' ? { status: 'claimed' } : readClaim(kept);
    },
    async settle(key, result, ttlMs) {
      const text = JSON.stringify(result) ?? 'null';
      await link.script(settleScript, [keys.request(key), text, ttlMs, keys.requestChannel(key)]);
    },
    async release(key) {
      await link.call((redis) => redis.del(keys.request(key)));
    },
    settled(key, signal) {
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
          const claim = await look(key);
          if (claim?.status === 'settled') end(() => resolve(claim.result));
          if (claim?.status !== 'running') return;
          const lives = Number(await link.script(nodeLivesScript, [keys.rosterNodes, claim.nodeId])) === 1;
          deadAnswers = lives || claim.nodeId === nodeId ? 0 : deadAnswers + 1;
          if (deadAnswers >= DEAD_ANSWERS) throw lostRun();
        };
        const ask = (): void => {
          if (over) return;
          askOnce().catch((error: unknown) => {
            // Away: the next question may be answered.
            if (error instanceof TrunklineError && error.code === 'unknown_outcome') end(() => reject(error));
          });
        };
        const unwait = wait(key, { ask });
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      });
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
      waiters.clear();
      return Promise.resolve();
    },
  };
}

function readClaim(kept: string): Running {
  if (kept.startsWith('S')) return { status: 'settled', result: parseJson(kept.slice(1)) };
  return { status: 'running', nodeId: kept.slice(1) };
}
