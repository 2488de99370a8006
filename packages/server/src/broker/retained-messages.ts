/** The last ephemeral message under each key of a room. */
export interface RetainedMessages {
  put(key: string, message: unknown, until: number): void;
  /** Oldest first. */
  list(now: number): unknown[];
  readonly size: number;
}

const MAX_KEYS = 1_000;

export function createRetainedMessages(): RetainedMessages {
  const kept = new Map<string, { readonly message: unknown; readonly until: number }>();
  return {
    put(key, message, until) {
      kept.delete(key);
      kept.set(key, { message, until });
      if (kept.size <= MAX_KEYS) return;
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        return;
      }
    },
    list(now) {
      const messages: unknown[] = [];
      for (const [key, { message, until }] of kept) {
        if (until > now) messages.push(message);
        else kept.delete(key);
      }
      return messages;
    },
    get size() {
      return kept.size;
    },
  };
}
