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

  /** A connection's rooms, and those it had before. */
  move(before: readonly string[], now: readonly string[]): void {
    const [left, joined] = [new Set(before), new Set(now)];
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
