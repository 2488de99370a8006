/** Callbacks in order of registration. */
export interface Listeners<T> {
  /** The answer removes it again; the same function registered twice is called twice. */
  add(listener: (value: T) => void): () => void;
  /** Calls those registered now. One that throws is reported like an uncaught error and stops nobody else. */
  emit(value: T): void;
}

export function createListeners<T>(): Listeners<T> {
  const entries = new Set<(value: T) => void>();
  return {
    add(listener) {
      const entry = (value: T) => listener(value);
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    emit(value) {
      for (const entry of [...entries]) {
        if (entries.has(entry)) callSafely(() => entry(value));
      }
    },
  };
}

/** Runs code of the application: what it throws is reported like an uncaught error, and harms nothing of ours. */
export function callSafely(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
