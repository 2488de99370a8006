import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { AnyRoomEvent, Client, RoomEvent } from '@trunkline/client';
import { type Contract, type EventName, parseRoomName, type RoomKind } from '@trunkline/protocol';
import { createCacheWriter } from './cache-writer.js';

/** `old` is what the query holds; annotate it with the type that the query has. */
type Reducer<Event> = { bivarianceHack(old: unknown, event: Event): unknown }['bivarianceHack'];

/** How the rooms of one kind keep one query up to date. */
export interface BridgeEntry<C extends Contract, K extends RoomKind<C>> {
  /** The query of the room with this id (`booking:42` has `42`); fetched again after a gap. */
  readonly queryKey: (id: string) => QueryKey;
  /** The data with the event, by event; not called while there is no data. Events without one change nothing. */
  readonly on: { readonly [E in EventName<C, K>]?: Reducer<RoomEvent<C, K, E>> };
  /**
   * True: the reducers leave data as it is that has the event already. Events that come during a fetch are then written
   * on top of its result; else the query is fetched once more. @default false
   */
  readonly idempotent?: boolean | undefined;
}

/** By kind; several queries of one kind as a list. */
export type BridgeMap<C extends Contract> = {
  readonly [K in RoomKind<C>]?: BridgeEntry<C, K> | readonly BridgeEntry<C, K>[];
};

type AnyEntry = BridgeEntry<Contract, string>;
type AnyEventOf = AnyRoomEvent<Contract, string>;

/**
 * Writes the events of all joined rooms into the query cache. It joins none: that is `useRoom`'s, `useRealtimeQuery`'s or
 * yours. A room that is left, or closed with the client, keeps its query as it is: what was missed comes when the query is
 * fetched again, at its next mount unless `staleTime` says otherwise. What it answers stops it.
 */
export function bridge<C extends Contract>(client: Client<C>, queryClient: QueryClient, map: BridgeMap<C>): () => void {
  const writer = createCacheWriter(queryClient);
  const entriesOf = (room: string): { readonly id: string; readonly entries: readonly AnyEntry[] } => {
    const { kind = '', id = '' } = parseRoomName(room) ?? {};
    const found: unknown = Object.hasOwn(map, kind) ? Reflect.get(map, kind) : [];
    // The map's type says the kind of each entry, and the room's name says the kind of the event.
    return { id, entries: [found].flat() as AnyEntry[] };
  };
  const stops = [
    client.on('event', (event) => {
      const { room, event: name } = event;
      const { id, entries } = entriesOf(room);
      for (const { queryKey, on, idempotent = false } of entries) {
        const reduce = Object.hasOwn(on, name) ? on[name] : undefined;
        if (!reduce) continue;
        writer.write({ queryKey: queryKey(id), idempotent, update: (old) => reduce(old, event as AnyEventOf) });
      }
    }),
    client.on('gap', ({ room }) => {
      const { id, entries } = entriesOf(room);
      for (const { queryKey } of entries) void queryClient.invalidateQueries({ queryKey: queryKey(id) });
    }),
    writer.close,
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
