/** Of so many events the oldest is forgotten. */
const MOST = 256;

/** The ids of the events shown last. */
export class RecentIds {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** @returns false when it was there already */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MOST) this.#ids.delete(this.#ids.values().next().value ?? '');
    return true;
  }
}
