import { TrunklineError } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { Appended, Publication } from '../seams/broker.js';
import type { Core } from './core.js';

interface Item {
  readonly publication: Publication;
  readonly data: string;
  readonly appended: Promise<Appended>;
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
  #again: NodeJS.Timeout | undefined;

  constructor(private readonly core: Core) {}

  get size(): number {
    return this.#items.length;
  }

  /** True while something of this room waits: what comes later must wait behind it. */
  holds(room: string): boolean {
    return this.#items.some((item) => item.publication.room === room);
  }

  /** What becomes of the same publish, which waits already, or that its id stands for another; null: none waits. */
  attach({ room, key, event, data }: Publication): Appended | Promise<Appended> | null {
    const held = this.#items.find(
      ({ publication }) =>
        key !== undefined &&
        publication.room === room &&
        publication.key?.id === key.id &&
        publication.key.userId === key.userId,
    );
    if (held === undefined) return null;
    const isSame = held.publication.event === event && held.data === wordData(data);
    return isSame ? held.appended : { status: 'conflict' };
  }

  /** Resolves when appended. @throws {TrunklineError} `unavailable` when full, `forbidden` when the right is gone by then */
  add(publication: Publication, principal: Principal | null): Promise<Appended> {
    const data = wordData(publication.data);
    const bytes = data.length;
    if (this.#items.length >= MAX_ITEMS || this.#bytes + bytes > MAX_BYTES) {
      throw new TrunklineError('unavailable', 'Redis is away and the outbox is full; try again later.', {
        retryAfterMs: 1_000,
      });
    }
    this.#bytes += bytes;
    let settle: Pick<Item, 'resolve' | 'reject'> | undefined;
    const appended = new Promise<Appended>((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle !== undefined) this.#items.push({ publication, data, appended, principal, bytes, ...settle });
    if (this.core.broker.status.state === 'connected') void this.flush();
    return appended;
  }

  /** Appends what waits, in order of each room; stops where the broker is away again and goes on by itself. */
  async flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    // One that the broker does not take holds up its own room only.
    const refused = new Set<string>();
    try {
      for (const item of [...this.#items]) {
        const { room } = item.publication;
        if (refused.has(room)) continue;
        if (await this.#append(item)) {
          this.#items.splice(this.#items.indexOf(item), 1);
          this.#bytes -= item.bytes;
        } else {
          refused.add(room);
          if (this.core.broker.status.state !== 'connected') return;
        }
      }
    } finally {
      this.#flushing = false;
      if (this.#items.length > 0) this.#again ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
    }
  }

  #retry(): void {
    this.#again = undefined;
    void this.flush();
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
      const appended = await this.core.broker.publish(publication);
      resolve(appended);
      // A service was answered long ago, and members were shown it.
      if (appended.status === 'conflict' && principal === null) {
        const { room, event, eventId } = publication;
        this.core.logger.warn({ room, event, eventId }, 'a provisional event was dropped: its id has another payload');
      }
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

function wordData(data: unknown): string {
  return JSON.stringify(data) ?? '';
}
