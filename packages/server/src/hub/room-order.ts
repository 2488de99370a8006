/**
 * Keeps one connection's join, leave and publish in order per room, pipelined: a command starts at once unless an earlier
 * one of its rooms still has to start.
 */
export class RoomOrder {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** True when a command for these rooms may start right now. */
  isFree(rooms: readonly string[]): boolean {
    return this.#tails.size === 0 || !rooms.some((room) => this.#tails.has(room));
  }

  /**
   * Runs after the earlier commands of the rooms. `work` resolves when later ones may start; it must not reject.
   */
  async run<T>(rooms: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = rooms.map((room) => this.#tails.get(room));
    const done = Promise.all(before).then(work);
    for (const room of rooms) this.#tails.set(room, done);
    try {
      return await done;
    } finally {
      for (const room of rooms) if (this.#tails.get(room) === done) this.#tails.delete(room);
    }
  }
}
