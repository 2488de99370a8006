import type { QueryCacheNotifyEvent, QueryClient, QueryKey } from '@tanstack/react-query';

/** One event for one query. */
interface CacheWrite {
  readonly queryKey: QueryKey;
  /** The data with the event; only called with data that is there. */
  readonly update: (old: unknown) => unknown;
  /**
   * True: `update` gives back data that has the event already as it is. Events that come during a fetch are then written
   * on top of its result; else the query is fetched once more, as nobody knows whether the answer has them.
   */
  readonly idempotent: boolean;
}

export interface CacheWriter {
  write(write: CacheWrite): void;
  close(): void;
}

/** More than that during one fetch, and the query is fetched again. */
const MAX_WAITING = 1_000;

/** Writes events into the cache so that none is lost to a fetch that was under way when it came. */
export function createCacheWriter(queryClient: QueryClient): CacheWriter {
  const cache = queryClient.getQueryCache();
  const waiting = new Map<string, { readonly queryKey: QueryKey; updates: CacheWrite['update'][]; isStale: boolean }>();

  function apply({ queryKey, update }: Pick<CacheWrite, 'queryKey' | 'update'>): void {
    const wasInvalid = queryClient.getQueryState(queryKey)?.isInvalidated;
    queryClient.setQueryData(queryKey, (old: unknown) => (old === undefined ? undefined : update(old)));
    // New data counts as valid, but an event does not bring back what a gap has taken.
    if (wasInvalid) void queryClient.invalidateQueries({ queryKey, exact: true, refetchType: 'none' });
  }

  function settled({ query, ...change }: QueryCacheNotifyEvent): void {
    if (change.type === 'removed') return void waiting.delete(query.queryHash);
    if (change.type !== 'updated') return;
    const { type } = change.action;
    if (type !== 'error' && (type !== 'success' || change.action.manual)) return;
    const entry = waiting.get(query.queryHash);
    if (!entry) return;
    waiting.delete(query.queryHash);
    const { queryKey, updates, isStale } = entry;
    // A fetch that was cancelled may have put back what was there before it.
    if (query.state.status === 'success') for (const update of updates) apply({ queryKey, update });
    if (isStale) void queryClient.invalidateQueries({ queryKey, exact: true });
  }
  const stop = cache.subscribe((change) => settled(change));

  return {
    write({ queryKey, update, idempotent }) {
      const { queryHash: hash } = queryClient.defaultQueryOptions({ queryKey });
      const status = cache.get(hash)?.state.fetchStatus;
      if (status !== undefined && status !== 'idle') {
        const entry = waiting.get(hash) ?? { queryKey, updates: [], isStale: false };
        waiting.set(hash, entry);
        if (idempotent && entry.updates.length < MAX_WAITING) entry.updates.push(update);
        else entry.isStale = true;
      }
      apply({ queryKey, update });
    },
    close() {
      stop();
      waiting.clear();
    },
  };
}
