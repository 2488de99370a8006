/** A bounded memory of ids: as many as its capacity at least, and at most twice as many. */
export interface RecentIds {
  /** False when it was there already. */
  add(id: string): boolean;
}

export function createRecentIds(capacity: number): RecentIds {
  let ids = new Set<string>();
  /** Those before, forgotten together: the first of a Set that is trimmed at every step is found ever slower. */
  let older = ids;
  return {
    add(id) {
      if (ids.has(id) || older.has(id)) return false;
      if (ids.size === capacity) {
        older = ids;
        ids = new Set();
      }
      ids.add(id);
      return true;
    },
  };
}
