import type { LoggedEvent } from '../seams/broker.js';

export interface PageEnd {
  readonly maxBytes: number;
  /** The reader goes backwards. */
  readonly newestFirst: boolean;
}

/** The entries nearest to where the reader stands, until they weigh so much; at least one. Oldest first, as given. */
export function endPage(entries: readonly LoggedEvent[], { maxBytes, newestFirst }: PageEnd): readonly LoggedEvent[] {
  const ordered = newestFirst ? entries.toReversed() : entries;
  let bytes = 0;
  const end = ordered.findIndex((entry, index) => {
    bytes += Buffer.byteLength(JSON.stringify(entry.data) ?? '');
    return index > 0 && bytes > maxBytes;
  });
  const kept = end < 0 ? ordered : ordered.slice(0, end);
  return newestFirst ? kept.toReversed() : kept;
}
