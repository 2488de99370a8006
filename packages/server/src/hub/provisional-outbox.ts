import { TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { Appended, Publication } from '../seams/broker.js';
import type { Core } from './core.js';

interface Item {
  readonly publication: Publication;
  /** Whose rights are checked again before it is appended; null: a service. */
  readonly principal: Principal | null;
  readonly bytes: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

const MAX_ITEMS = 10_000;
const MAX_BYTES = 8 * 1_024 * 1_024;
const RETRY_MS = 500;

/**
 * Durable events taken while the broker was away, by kinds that are `provisional` (DESIGN, "Redis away"): appended in
 * order with their original ids once it is back, their publishers' rights checked again. Dies with the process.
 */
export class ProvisionalOutbox {
  readonly #items: Item[] = [];
  #bytes = 0;
  #flushing = false;

  constructor(private readonly core: Core) {}

  get size(): number {
    return this.#items.length;
  }

  /** True while something of this room waits: what comes later must wait behind it. */
  holds(room: string): boolean {
    return this.#items.some((item) => item.publication.room === room);
  }

  /** Resolves when appended. @throws {TrunklineError} `unavailable` when full, `forbidden` when the right is gone by then */
  add(publication: Publication, principal: Principal | null): Promise<Appended> {
    const bytes = JSON.stringify(publication.data)?.length ?? 0;
    if (this.#items.length >= MAX_ITEMS || this.#bytes + bytes > MAX_BYTES) {
      throw new TrunklineError('unavailable', 'Redis is away and the outbox is full; try again later.', {
        retryAfterMs: 1_000,
      });
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#items.push({ publication, principal, bytes, resolve, reject });
      if (this.core.broker.status.state === 'connected') void this.flush();
    });
  }

  /** Appends what waits, in order; stops where the broker is away again and goes on by itself. */
  async flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      for (let item = this.#items[0]; item !== undefined; item = this.#items[0]) {
        if (!(await this.#append(item))) {
          setTimeout(() => void this.flush(), RETRY_MS).unref();
          return;
        }
        this.#items.shift();
        this.#bytes -= item.bytes;
      }
    } finally {
      this.#flushing = false;
    }
  }

  /** @returns false when it must be tried again */
  async #append({ publication, principal, resolve, reject }: Item): Promise<boolean> {
    try {
      if (principal !== null) {
        const grant = await this.core.policy.evaluate(principal, publication.room);
        if (!grant.publishAsMember.has(publication.event)) {
          reject(new TrunklineError('forbidden', 'The right to publish ended while the event waited.'));
          return true;
        }
      }
      resolve(await this.core.broker.publish(publication));
      return true;
    } catch (error) {
      // The key makes another try harmless, whatever became of this one.
      if (error instanceof TrunklineError && (error.code === 'unavailable' || error.code === 'unknown_outcome'))
        return false;
      reject(error);
      return true;
    }
  }
}
