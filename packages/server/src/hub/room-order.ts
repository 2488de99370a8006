import type { Reply } from '../seams/session.js';

/**
 * Keeps one connection's join, leave and publish in order per room, pipelined: a command starts at once unless an earlier
 * one of its rooms still has to start.
 */
export class RoomOrder {
  /** Null while nothing waits, which is nearly always. */
  #tails: Map<string, Promise<unknown>> | null = null;

  /** True when a command for these rooms may start right now. */
  isFree(rooms: readonly string[]): boolean {
    const tails = this.#tails;
    return tails === null || !rooms.some((room) => tails.has(room));
  }

  /**
   * Runs after the earlier commands of the rooms. `work` resolves when later ones may start; it must not reject.
   */
  async run<T>(rooms: readonly string[], work: () => Promise<T>): Promise<T> {
    this.#tails ??= new Map();
    const tails = this.#tails;
    const before = rooms.map((room) => tails.get(room));
    const done = Promise.all(before).then(work);
    for (const room of rooms) tails.set(room, done);
    try {
      return await done;
    } finally {
      for (const room of rooms) if (tails.get(room) === done) tails.delete(room);
      if (tails.size === 0) this.#tails = null;
    }
  }
}

type Settled = { readonly reply: Reply } | { readonly error: unknown };

/** A step of the order must not reject, or the next one would not start. */
export async function settle(work: () => Promise<Reply>): Promise<Settled> {
  try {
    return { reply: await work() };
  } catch (error) {
    return { error };
  }
}

export function unwrap(settled: Settled): Reply {
  if ('error' in settled) throw settled.error;
  return settled.reply;
}
