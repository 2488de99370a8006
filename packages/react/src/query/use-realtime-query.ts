import {
  type DefaultError,
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect } from 'react';
import type { AppKind, RoomOf } from '../register.js';
import type { AppEvent } from '../room-store.js';
import { useConnection } from '../use-connection.js';
import { useLatest } from '../use-latest.js';
import { useRoom } from '../use-room.js';
import { followRoom } from './follow-room.js';

export type RealtimeQueryOptions<Data, K extends AppKind, Key extends QueryKey> = UseQueryOptions<
  Data,
  DefaultError,
  Data,
  Key
> & {
  /** Joined while the component is there. */
  readonly room: RoomOf<K>;
  /** The data with the event; not called while there is no data. */
  readonly onEvent: (data: Data, event: AppEvent<K>) => Data;
  /** True: `onEvent` leaves data as it is that has the event already. See `bridge`. @default false */
  readonly idempotent?: boolean | undefined;
};

/**
 * A query that its room keeps up to date: joined first, fetched then, so that no event falls between; fetched again after
 * a gap. While there is no connection it fetches without, and once more when the room is joined.
 */
export function useRealtimeQuery<Data, K extends AppKind, Key extends QueryKey = QueryKey>(
  options: RealtimeQueryOptions<Data, K, Key>,
): UseQueryResult<Data, DefaultError> & { readonly isJoined: boolean } {
  const { room: name, onEvent, idempotent = false, enabled = true, ...query } = options;
  const queryClient = useQueryClient();
  const { status } = useConnection();
  const { room, isJoined, error } = useRoom<K>(name);
  const latest = useLatest({ queryKey: options.queryKey, onEvent, idempotent });
  const { queryHash: hash } = queryClient.defaultQueryOptions({ queryKey: options.queryKey });
  const mayFetch = isJoined || error !== undefined || status === 'waiting' || status === 'closed';

  // `hash` stands for the key, which may be a new array in every render.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is another query to follow
  useEffect(() => {
    if (!room) return;
    const { queryKey } = latest.current;
    return followRoom({ queryClient, room, queryKey }, () => {
      const { onEvent: reduce, idempotent } = latest.current;
      return { idempotent, update: (old, event) => reduce(old as Data, event) };
    });
  }, [room, hash, queryClient, latest]);

  const result = useQuery<Data, DefaultError, Data, Key>({ ...query, enabled: mayFetch ? enabled : false });
  return { ...result, isJoined };
}
