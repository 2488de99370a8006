import { hashKey, type QueryClient, type QueryKey } from '@tanstack/react-query';
import type { AppKind, AppRoom } from '../register.js';
import { createRetainer } from '../retainer.js';
import type { AppEvent } from '../room-store.js';
import { createCacheWriter } from './cache-writer.js';

export interface Following<K extends AppKind> {
  readonly queryKey: QueryKey;
  readonly update: (old: unknown, event: AppEvent<K>) => unknown;
  readonly idempotent: boolean;
}

const followed = new WeakMap<QueryClient, Map<string, () => () => void>>();

/** Keeps one query up to date by one room, once however many components ask for it. @param read asked at each event */
export function followRoom<K extends AppKind>(
  queryClient: QueryClient,
  room: AppRoom<K>,
  read: () => Following<K>,
): () => void {
  const known = followed.get(queryClient) ?? new Map<string, () => () => void>();
  followed.set(queryClient, known);
  const key = `${room.name} ${hashKey(read().queryKey)}`;
  const retain =
    known.get(key) ??
    createRetainer(() => {
      const stop = follow(queryClient, room, read);
      return () => {
        known.delete(key);
        stop();
      };
    });
  known.set(key, retain);
  return retain();
}

function follow<K extends AppKind>(queryClient: QueryClient, room: AppRoom<K>, read: () => Following<K>): () => void {
  const writer = createCacheWriter(queryClient);
  let isFresh = false;
  const refetch = () => void queryClient.invalidateQueries({ queryKey: read().queryKey, exact: true });

  /** What was fetched before the room was joined, or kept from an earlier time, may lack events that nobody saw. */
  function refresh(): void {
    if (isFresh || room.status !== 'joined') return;
    isFresh = true;
    const state = queryClient.getQueryState(read().queryKey);
    if (state && (state.data !== undefined || state.fetchStatus !== 'idle')) refetch();
  }
  const stops = [
    room.onEvent((event) => {
      const { queryKey, update, idempotent } = read();
      writer.write({ queryKey, idempotent, update: (old) => update(old, event) });
    }),
    room.onGap(refetch),
    room.onStatus(refresh),
    writer.close,
  ];
  refresh();
  return () => {
    for (const stop of stops) stop();
  };
}
