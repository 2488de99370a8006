import type { Clock } from './clock.js';

/** One line of `client.explain()`. */
export interface TimelineEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly what: string;
  /** Close or error code, reason, delay: whatever explains it. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  note(what: string, detail: Readonly<Record<string, unknown>>): void;
}

/** Keeps the last 100 entries. */
export function createTimeline(clock: Clock): Timeline {
  const capacity = 100;
  const entries: TimelineEntry[] = [];
  return {
    entries,
    note(what, detail) {
      if (entries.length === capacity) entries.shift();
      entries.push({ at: clock.now(), what, detail });
    },
  };
}
