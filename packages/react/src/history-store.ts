import { TrunklineError } from '@trunkline/client';
import { type Cell, createCell } from './cell.js';
import { isDurable, isNews } from './listed-event.js';
import type { AppKind } from './register.js';
import { createRetainer } from './retainer.js';
import type { AppEvent, RoomStore } from './room-store.js';

export interface HistoryState<K extends AppKind> {
  /** Durable events, oldest first: what was loaded, and what has come since. */
  readonly events: readonly AppEvent<K>[];
  /** True: `loadOlder` has something to load. */
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  readonly error: TrunklineError | undefined;
}

/** A room's past and present as one list without hole or double. */
export interface HistoryStore<K extends AppKind> {
  readonly state: Cell<HistoryState<K>>;
  loadOlder(): Promise<void>;
  retain(): () => void;
}

/** Kept of what comes live; whoever loads more keeps more. */
const MAX_EVENTS = 1_000;
const HEAD = Number.MAX_SAFE_INTEGER;

export function createHistoryStore<K extends AppKind>(store: RoomStore<K>, limit: number): HistoryStore<K> {
  const { room } = store;
  const empty: HistoryState<K> = { events: [], hasOlder: false, isLoading: true, error: undefined };
  const state = createCell(empty);
  let asking = new AbortController();
  /** What came while the newest page was on its way. */
  let meanwhile: AppEvent<K>[] = [];
  let bound = MAX_EVENTS;
  let isLoaded = false;

  /** Reads a page; only the newest call may answer. */
  async function load(before: number, merge: (page: readonly AppEvent<K>[]) => readonly AppEvent<K>[]): Promise<void> {
    asking.abort();
    const mine = new AbortController();
    asking = mine;
    state.set({ isLoading: true, error: undefined });
    try {
      const page = await room.history({ limit, before, signal: mine.signal });
      if (mine.signal.aborted) return;
      const first = page.events[0]?.offset ?? 0;
      state.set({ events: merge(page.events), hasOlder: first > page.trimmedOffset + 1, isLoading: false });
    } catch (error) {
      if (mine.signal.aborted) return;
      state.set({ isLoading: false, error: error instanceof TrunklineError ? error : undefined });
    }
  }

  /** The page holds everything up to the log's head; what came live since we listen is behind it, or in it. */
  function loadNewest(): Promise<void> {
    isLoaded = false;
    meanwhile = [];
    return load(HEAD, (page) => {
      isLoaded = true;
      return [...page, ...meanwhile.filter((event) => isNews(event, page))];
    });
  }

  /** There is no page to wait for. */
  function refused(): void {
    const { error } = store.state.get();
    if (error && !isLoaded) state.set({ isLoading: false, error });
  }

  function append(event: AppEvent<K>): void {
    if (!isDurable(event)) return;
    if (!isLoaded) meanwhile = [...meanwhile.slice(1 - MAX_EVENTS), event];
    const { events, hasOlder, isLoading } = state.get();
    if (!isNews(event, events)) return;
    // A page that is on its way ends at the oldest.
    const drop = isLoading ? 0 : Math.max(0, events.length + 1 - bound);
    state.set({ events: [...events.slice(drop), event], hasOlder: hasOlder || drop > 0 });
  }

  const retain = createRetainer(() => {
    const stops = [
      room.onEvent(append),
      room.onGap(() => void loadNewest()),
      room.onStatus((status) => {
        // Who comes back from there begins anew, and is told of no gap.
        if (status === 'out') isLoaded = false;
        if (status === 'joined' && !isLoaded) void loadNewest();
      }),
      store.state.subscribe(refused),
      store.retain(),
    ];
    if (room.status === 'joined') void loadNewest();
    else refused();
    return () => {
      for (const stop of stops) stop();
      asking.abort();
      isLoaded = false;
      bound = MAX_EVENTS;
      state.set(empty);
    };
  });

  return {
    state,
    retain,
    async loadOlder() {
      const { events, hasOlder, isLoading, error } = state.get();
      // The newest page failed; in a room that is not joined yet it is loaded with the join.
      if (error && !isLoaded && room.status === 'joined') return loadNewest();
      const oldest = events.find(({ offset }) => offset !== undefined)?.offset;
      if (!hasOlder || isLoading || oldest === undefined) return;
      await load(oldest, (page) => {
        const all = [...page, ...state.get().events];
        bound = Math.max(bound, all.length);
        return all;
      });
    },
  };
}
