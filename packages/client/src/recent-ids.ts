/** A bounded memory of ids: the oldest is forgotten first. */
export interface RecentIds {
  /** False when it was there already. */
  add(id: string): boolean;
}

export function createRecentIds(capacity: number): RecentIds {
  const ids = new Set<string>();
  /** Their order. The first of a Set that is trimmed at every step is found ever slower. */
  const ring: string[] = [];
  let next = 0;
  return {
    add(id) {
      if (ids.has(id)) return false;
      ids.delete(ring[next] ?? '');
      ids.add(id);
      ring[next] = id;
      next = (next + 1) % capacity;
      return true;
    },
  };
}
