import { type DataTag, type QueryFunctionContext, type QueryKey, queryOptions } from '@tanstack/react-query';
import { isDurable, isNews } from '../listed-event.js';
import type { AppClient, AppKind, RoomOf } from '../register.js';
import type { AppEvent } from '../room-store.js';

export interface RoomQuery {
  /** The newest events of the log to load, at most 1 000. @default 50 */
  readonly limit?: number | undefined;
  /** Kept in the cache, older ones are dropped. @default 1_000 */
  readonly maxEvents?: number | undefined;
}

/** For `useQuery` and its like; `room` and `onEvent` are for `useRealtimeQuery`. */
export interface RoomQueryOptions<K extends AppKind> {
  readonly queryKey: DataTag<QueryKey, readonly AppEvent<K>[], Error>;
  readonly queryFn: (context: QueryFunctionContext) => Promise<readonly AppEvent<K>[]>;
  readonly staleTime: number;
  readonly networkMode: 'always';
  readonly room: RoomOf<K>;
  readonly idempotent: true;
  readonly onEvent: (events: readonly AppEvent<K>[], event: AppEvent<K>) => readonly AppEvent<K>[];
}

const HEAD = Number.MAX_SAFE_INTEGER;

/** Where the events of a room are in the query cache. */
export function roomQueryKey(room: string): QueryKey {
  return ['trunkline', 'room', room];
}

/**
 * A room's newest durable events as a query, oldest first. With `useRealtimeQuery` it stays up to date by itself; with
 * `useQuery`, `prefetchQuery` or `useSuspenseQuery` it is what the log held when it was asked.
 */
export function roomQueryOptions<K extends AppKind>(
  client: AppClient,
  room: RoomOf<K>,
  { limit = 50, maxEvents = 1_000 }: RoomQuery = {},
): RoomQueryOptions<K> {
  const queryFn = async ({ signal }: QueryFunctionContext) => {
    // A suspense query fetches while it renders, and what asks is in the queue, which other components show.
    await Promise.resolve();
    return (await client.room<K>(room).history({ before: HEAD, limit, signal })).events;
  };
  const { queryKey } = queryOptions({ queryKey: roomQueryKey(room), queryFn });
  return {
    queryKey,
    queryFn,
    // Its events keep it fresh.
    staleTime: Number.POSITIVE_INFINITY,
    // The client waits for the connection by itself.
    networkMode: 'always',
    room,
    idempotent: true,
    onEvent: (events, event) =>
      isDurable(event) && isNews(event, events) ? [...events, event].slice(-maxEvents) : events,
  };
}
