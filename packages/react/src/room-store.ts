import { type AnyRoomEvent, type RoomStatus, TrunklineError } from '@trunkline/client';
import { type Cell, createCell } from './cell.js';
import { createHistoryStore, type HistoryStore } from './history-store.js';
import type { AppClient, AppContract, AppKind, AppRoom, RoomOf } from './register.js';
import { createRetainer } from './retainer.js';

export type AppEvent<K extends AppKind> = AnyRoomEvent<AppContract, K>;

export interface RoomState<K extends AppKind> {
  readonly status: RoomStatus;
  /** The newest events since the first component came, oldest first, at most 200. */
  readonly events: readonly AppEvent<K>[];
  /** Why the room was refused or taken away; undefined while all is well. */
  readonly error: TrunklineError | undefined;
}

/** One room of one client, for all components that use it: one join, one list of events. */
export interface RoomStore<K extends AppKind> {
  readonly room: AppRoom<K>;
  readonly state: Cell<RoomState<K>>;
  /** The components in which the user types now. */
  readonly typists: Set<object>;
  /** Pages of at most `limit` events. */
  history(limit: number): HistoryStore<K>;
  /** Joins for the first who asks; leaves when all have called what they got. */
  retain(): () => void;
}

const MAX_EVENTS = 200;
/** The client's own word for `close()`, after which its rooms are forgotten; a peer that closes normally has not said it. */
const OWN_WISH = 'cancelled';

const stores = new WeakMap<AppClient, Map<string, RoomStore<AppKind>>>();

/** The same store for the same room; making one does nothing to the connection, so a render may. */
export function roomStore<K extends AppKind>(client: AppClient, name: RoomOf<K>): RoomStore<K> {
  const known = stores.get(client) ?? new Map<string, RoomStore<AppKind>>();
  stores.set(client, known);
  // The name says the kind, so what is kept under it is of that kind.
  const store = (known.get(name) as RoomStore<K> | undefined) ?? createRoomStore(client, name);
  known.set(name, store as unknown as RoomStore<AppKind>);
  return store;
}

function createRoomStore<K extends AppKind>(client: AppClient, name: RoomOf<K>): RoomStore<K> {
  const room = client.room<K>(name);
  const state = createCell<RoomState<K>>({ status: room.status, events: [], error: undefined });
  const histories = new Map<number, HistoryStore<K>>();

  const retain = createRetainer(() => {
    const membership = keepJoined(client, room, (error) => state.set({ error }));
    state.set({ status: room.status });
    const stops = [
      room.onStatus((status) => state.set(status === 'joined' ? { status, error: undefined } : { status })),
      room.onEvent((event) => state.set({ events: [...state.get().events.slice(1 - MAX_EVENTS), event] })),
      room.onLeft(({ reason, retryable }) => {
        if (!retryable) state.set({ error: new TrunklineError(reason, `The server took ${name} away: ${reason}.`) });
      }),
      membership,
    ];
    return () => {
      for (const stop of stops) stop();
      state.set({ status: 'out', events: [], error: undefined });
    };
  });

  const store: RoomStore<K> = {
    room,
    state,
    typists: new Set(),
    retain,
    history(limit) {
      const history = histories.get(limit) ?? createHistoryStore(store, limit);
      histories.set(limit, history);
      return history;
    },
  };
  return store;
}

/** Holds one join. One that was refused, or ended with the connection, is tried again with the next connection. */
function keepJoined<K extends AppKind>(
  client: AppClient,
  room: AppRoom<K>,
  refused: (error: TrunklineError) => void,
): () => void {
  let held = false;
  let trying: AbortController | undefined;

  function join(): void {
    if (held || trying) return;
    const mine = new AbortController();
    trying = mine;
    room.join({ signal: mine.signal }).then(
      () => {
        if (mine.signal.aborted) return void room.leave();
        held = true;
        trying = undefined;
      },
      (error: unknown) => {
        if (mine.signal.aborted) return;
        trying = undefined;
        if (error instanceof TrunklineError) refused(error);
      },
    );
  }
  const stop = client.on('state', (next) => {
    if (next.status === 'closed' && next.cause.reason === OWN_WISH) held = false;
    if (next.status === 'open') join();
  });
  join();
  return () => {
    stop();
    trying?.abort();
    if (held) void room.leave();
  };
}
