/** Callbacks in order of registration. */
export interface Listeners<A extends readonly unknown[]> {
  /** The answer removes it again; the same function registered twice is called twice. */
  add(listener: (...args: A) => void): () => void;
  /** Calls those registered now. One that throws is reported like an uncaught error and stops nobody else. */
  emit(...args: A): void;
}

export function createListeners<A extends readonly unknown[]>(): Listeners<A> {
  const entries = new Set<(...args: A) => void>();
  return {
    add(listener) {
      const entry = (...args: A) => listener(...args);
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    emit(...args) {
      for (const entry of [...entries]) {
        if (entries.has(entry)) callSafely(() => entry(...args));
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
