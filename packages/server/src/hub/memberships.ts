import type { Membership } from './hub-room.js';

/** A connection's rooms by name. Most connections are in one: a Map is made for the second, for it costs 200 bytes. */
export class Memberships {
  #only: Membership | null = null;
  #byRoom: Map<string, Membership> | null = null;

  get size(): number {
    return this.#byRoom === null ? Number(this.#only !== null) : this.#byRoom.size;
  }

  get(room: string): Membership | undefined {
    if (this.#byRoom !== null) return this.#byRoom.get(room);
    return this.#only !== null && this.#only.room.name === room ? this.#only : undefined;
  }

  has(room: string): boolean {
    return this.get(room) !== undefined;
  }

  /** In place of another membership of the same room. */
  add(membership: Membership): void {
    const { name } = membership.room;
    if (this.#byRoom === null && (this.#only === null || this.#only.room.name === name)) {
      this.#only = membership;
      return;
    }
    this.#byRoom ??= new Map(this.#only === null ? [] : [[this.#only.room.name, this.#only]]);
    this.#byRoom.set(name, membership);
    this.#only = null;
  }

  delete(room: string): void {
    if (this.#byRoom !== null) this.#byRoom.delete(room);
    else if (this.#only?.room.name === room) this.#only = null;
  }

  /** Names of the rooms. Of one alone it is the room's own list, which all such members share. */
  names(): readonly string[] {
    if (this.#byRoom !== null) return [...this.#byRoom.keys()];
    return this.#only === null ? [] : this.#only.room.nameAlone;
  }

  /** As they are now, in the order of joining: what is left meanwhile is still in it. */
  all(): Membership[] {
    if (this.#byRoom !== null) return [...this.#byRoom.values()];
    return this.#only === null ? [] : [this.#only];
  }
}
