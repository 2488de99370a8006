import { type QueryKey, queryOptions } from '@tanstack/react-query';
import type { AppClient, AppKind, RoomOf } from '../register.js';
import type { AppEvent } from '../room-store.js';

export interface RoomQuery {
  /** The newest events of the log to load, at most 200. @default 50 */
  readonly limit?: number;
  /** Kept in the cache, older ones are dropped. @default 1_000 */
  readonly maxEvents?: number;
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
) {
  const options = queryOptions<readonly AppEvent<K>[]>({
    queryKey: roomQueryKey(room),
    queryFn: async ({ signal }) => (await client.room<K>(room).history({ before: HEAD, limit, signal })).events,
    staleTime: Number.POSITIVE_INFINITY,
    // The client waits for the connection by itself.
    networkMode: 'always',
  });
  return {
    ...options,
    room,
    idempotent: true,
    onEvent: (events: readonly AppEvent<K>[], event: AppEvent<K>) =>
      isKept(event) && !events.some(({ id }) => id === event.id) ? [...events.slice(1 - maxEvents), event] : events,
  };
}

/** Ephemeral events are no part of the past. */
function isKept({ offset, provisional }: AppEvent<AppKind>): boolean {
  return offset !== undefined || provisional;
}
