import { useMemo } from 'react';
import type { HistoryState } from './history-store.js';
import type { AppKind, RoomOf } from './register.js';
import { type RoomView, useRoomStore, useRoomValue } from './use-room-value.js';

export interface UseHistoryOptions {
  /** Events a page. @default 50 */
  readonly limit?: number | undefined;
}

export interface RoomHistory<K extends AppKind> extends HistoryState<K> {
  /** Loads the page before the oldest event, after an error the page that failed; resolves when it is there, and at once when there is none. */
  readonly loadOlder: () => Promise<void>;
}

/** The room's durable events, past and present in one list; loaded anew after a gap. */
export function useHistory<K extends AppKind>(
  name: RoomOf<K> | undefined,
  { limit = 50 }: UseHistoryOptions = {},
): RoomHistory<K> {
  const store = useRoomStore<K>(name);
  const view = useMemo<RoomView<K, HistoryState<K>>>(
    () => ({
      listen(joined, changed) {
        const history = joined.history(limit);
        const stop = history.state.subscribe(changed);
        const release = history.retain();
        return () => {
          stop();
          release();
        };
      },
      read: (joined) => joined.history(limit).state.get(),
      nothing: { events: [], hasOlder: false, isLoading: true, error: undefined },
    }),
    [limit],
  );
  const state = useRoomValue(store, view);
  return useMemo(() => ({ ...state, loadOlder: async () => store?.history(limit).loadOlder() }), [state, store, limit]);
}
