/** A bounded memory of ids: the oldest is forgotten first. */
export interface RecentIds {
  /** False when it was there already. */
  add(id: string): boolean;
}

export function createRecentIds(capacity: number): RecentIds {
  const ids = new Set<string>();
  return {
    add(id) {
      if (ids.has(id)) return false;
      ids.add(id);
      if (ids.size > capacity) {
        const [oldest = id] = ids;
        ids.delete(oldest);
      }
      return true;
    },
  };
}
