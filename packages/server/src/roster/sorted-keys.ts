/** Distinct keys in order, so that a page of them costs what it holds and not what there is. */
export class SortedKeys {
  readonly #keys: string[] = [];

  /** A key that is there already stays once. */
  add(key: string): void {
    const at = this.#placeOf(key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  delete(key: string): void {
    const at = this.#placeOf(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  clear(): void {
    this.#keys.length = 0;
  }

  /** Keys with the prefix, those after `cursor` alone when it is given. */
  *after(cursor: string | undefined, prefix: string): Generator<string> {
    let at = this.#placeOf(cursor === undefined || cursor < prefix ? prefix : cursor);
    if (this.#keys[at] === cursor) at++;
    for (; at < this.#keys.length; at++) {
      const key = this.#keys[at] ?? '';
      if (!key.startsWith(prefix)) return;
      yield key;
    }
  }

  /** Of the first key that is not before this one. */
  #placeOf(key: string): number {
    let from = 0;
    let to = this.#keys.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#keys[middle] ?? '') < key) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
