/** Answers by question, each for a short time. One question is asked once however many wait; failures are not kept. */
export interface QuestionCache<T> {
  /** `about` names what the answer depends on. */
  get(question: string, about: readonly (string | undefined)[], ask: () => Promise<T>): Promise<T>;
  /** Drops every answer that depends on one of these; those under way reach who waits, and nobody after. */
  forget(about: readonly string[]): void;
  clear(): void;
}

interface Entry<T> {
  readonly about: readonly (string | undefined)[];
  readonly answer: Promise<T>;
  expiresAt: number;
}

export function createQuestionCache<T>(options: {
  readonly ttlMs: number;
  readonly capacity: number;
  readonly now?: () => number;
}): QuestionCache<T> {
  const { ttlMs, capacity, now = () => performance.now() } = options;
  const entries = new Map<string, Entry<T>>();

  function drop(question: string, entry: Entry<T>): void {
    if (entries.get(question) === entry) entries.delete(question);
  }

  return {
    get(question, about, ask) {
      const known = entries.get(question);
      if (known && known.expiresAt > now()) return known.answer;
      const entry: Entry<T> = { about, answer: ask(), expiresAt: Number.POSITIVE_INFINITY };
      entries.delete(question);
      entries.set(question, entry);
      entry.answer.then(
        () => {
          entry.expiresAt = now() + ttlMs;
        },
        () => drop(question, entry),
      );
      for (const [oldest, held] of entries) {
        if (entries.size <= capacity) break;
        drop(oldest, held);
      }
      return entry.answer;
    },
    forget(about) {
      for (const [question, entry] of entries)
        if (about.some((name) => entry.about.includes(name))) entries.delete(question);
    },
    clear: () => entries.clear(),
  };
}
