/**
 * Items in the order of their keys, so that a page of them costs what it holds and not what there is. Keys are distinct,
 * and made anew at each look: kept, they would be longer than all else.
 */
export class SortedList<T> {
  #items: T[] = [];

  constructor(private readonly keyOf: (item: T) => string) {}

  get size(): number {
    return this.#items.length;
  }

  /** @returns the item with the same key whose place it took */
  set(item: T): T | undefined {
    const key = this.keyOf(item);
    const at = this.#placeOf(key);
    const before = this.#find(key, at);
    if (before === undefined) this.#items.splice(at, 0, item);
    else this.#items[at] = item;
    return before;
  }

  /** @returns the item that had the key */
  delete(key: string): T | undefined {
    const at = this.#placeOf(key);
    const item = this.#find(key, at);
    if (item !== undefined) this.#items.splice(at, 1);
    return item;
  }

  /** @returns all that was there */
  clear(): T[] {
    return this.#items.splice(0);
  }

  /** Items whose key has the prefix, those after `cursor` alone when it is given. */
  *after(cursor: string | undefined, prefix: string): Generator<T> {
    let at = this.#placeOf(cursor === undefined || cursor < prefix ? prefix : cursor);
    if (cursor !== undefined && this.#find(cursor, at) !== undefined) at++;
    for (; at < this.#items.length; at++) {
      const item = this.#items[at];
      if (item === undefined || !this.keyOf(item).startsWith(prefix)) return;
      yield item;
    }
  }

  #find(key: string, at: number): T | undefined {
    const item = this.#items[at];
    return item !== undefined && this.keyOf(item) === key ? item : undefined;
  }

  /** Of the first item whose key is not before this one. */
  #placeOf(key: string): number {
    let from = 0;
    let to = this.#items.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const item = this.#items[middle];
      if (item !== undefined && this.keyOf(item) < key) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
