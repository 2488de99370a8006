/** A value that is never changed, only replaced, as `useSyncExternalStore` wants it. */
export interface Cell<T> {
  get(): T;
  set(change: Partial<T>): void;
  subscribe(listener: () => void): () => void;
}

export function createCell<T extends object>(initial: T): Cell<T> {
  const listeners = new Set<() => void>();
  let value = initial;
  return {
    get: () => value,
    set(change) {
      value = { ...value, ...change };
      for (const listener of [...listeners]) listener();
    },
    subscribe(given) {
      const listener = () => given();
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
