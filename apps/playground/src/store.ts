import { useSyncExternalStore } from 'react';

/** A value that components follow; it lives as long as the connection, not as long as a component. */
export interface Store<T> {
  get(): T;
  set(next: T): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  const listeners = new Set<() => void>();
  let value = initial;
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** The list with one entry more, the oldest dropped beyond `capacity`. */
export function appended<T>(list: readonly T[], entry: T, capacity: number): readonly T[] {
  return [...list.slice(-(capacity - 1)), entry];
}
