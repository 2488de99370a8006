import type { StoredPublish } from '../queue-storage.js';

/** One row: a publish, whose client holds it, and whose message it is. */
export interface StoredRow {
  readonly owner: string;
  readonly userId: string | undefined;
  /** Among those made in the same millisecond. */
  readonly rank: number;
  readonly item: StoredPublish;
}

/** The text of a row, or nothing; what can't be read is no row. */
export function parseRow(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return text;
  }
}

/** A storage holds what anybody wrote into it. */
export function isRow(row: unknown): row is StoredRow {
  const { owner, item } = (row ?? {}) as { readonly owner?: unknown; readonly item?: Partial<StoredPublish> };
  return typeof owner === 'string' && typeof item?.id === 'string' && Array.isArray(item.rooms);
}
