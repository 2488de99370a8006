import type { RedisLink } from '../broker/redis/redis-link.js';
import { settleScript } from './ledger-scripts.js';

/** What became of a claim of this node; `F` frees it, and without a result it never ran. */
interface Settlement {
  readonly state: 'F' | 'S';
  readonly text: string;
  readonly ttlMs: number;
}

const AGAIN_MS = 1_000;
/** Longer than a claim lasts. */
const OWED_MS = 600_000;

/** Tells Redis what became of this node's claims, until it has heard: a claim left behind would hold every retry up. */
export class Settlements {
  readonly #owed = new Map<string, Settlement & { readonly until: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly link: RedisLink) {}

  /** @throws {TrunklineError} `unavailable`; it is told later */
  tell(key: string, settlement: Settlement): Promise<void> {
    this.#keep(key, settlement);
    return this.pay(key);
  }

  /** For what Redis can not be told now. */
  tellLater(key: string, settlement: Settlement): void {
    this.#keep(key, settlement);
    this.#payLater();
  }

  /** What is owed for this key, before it is claimed anew. @throws as `tell` */
  async pay(key: string): Promise<void> {
    const { keys, nodeId } = this.link;
    const owed = this.#owed.get(key);
    if (owed === undefined) return;
    const { state, text, ttlMs } = owed;
    try {
      await this.link.script(settleScript, [keys.request(key), nodeId, state, text, ttlMs, keys.requestChannel(key)]);
    } catch (error) {
      this.#payLater();
      throw error;
    }
    if (this.#owed.get(key) === owed) this.#owed.delete(key);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #keep(key: string, settlement: Settlement): void {
    this.#owed.set(key, { ...settlement, until: performance.now() + OWED_MS });
  }

  #payLater(): void {
    this.#timer ??= setInterval(() => this.#payAll(), AGAIN_MS).unref();
  }

  #payAll(): void {
    const now = performance.now();
    for (const [key, { until }] of this.#owed) {
      if (until < now) this.#owed.delete(key);
      else if (this.link.usable) this.pay(key).catch(() => undefined);
    }
    if (this.#owed.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
