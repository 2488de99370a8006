/** How many connections are in each room. */
export class RoomCounts {
  readonly #counts = new Map<string, number>();

  /** @param changed called for a room that came or went, or has another count */
  constructor(private readonly changed: (room: string, count: number) => void) {}

  get(room: string): number {
    return this.#counts.get(room) ?? 0;
  }

  rooms(): Iterable<string> {
    return this.#counts.keys();
  }

  /** A connection's rooms, and those it had before. Mostly one came or went: what both have at either end is passed over. */
  move(before: readonly string[], now: readonly string[]): void {
    const shorter = Math.min(before.length, now.length);
    let start = 0;
    while (start < shorter && before[start] === now[start]) start++;
    let end = 0;
    while (end < shorter - start && before.at(-1 - end) === now.at(-1 - end)) end++;
    const left = new Set(before.slice(start, before.length - end));
    const joined = new Set(now.slice(start, now.length - end));
    for (const room of joined) if (!left.has(room)) this.#add(room, 1);
    for (const room of left) if (!joined.has(room)) this.#add(room, -1);
  }

  #add(room: string, by: 1 | -1): void {
    const count = this.get(room) + by;
    if (count > 0) this.#counts.set(room, count);
    else this.#counts.delete(room);
    this.changed(room, count);
  }
}
