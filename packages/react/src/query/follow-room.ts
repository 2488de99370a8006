import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { AppKind, AppRoom } from '../register.js';
import { createRetainer } from '../retainer.js';
import type { AppEvent } from '../room-store.js';
import { createCacheWriter } from './cache-writer.js';

/** What a component does with an event. */
export interface Reader<K extends AppKind> {
  readonly update: (old: unknown, event: AppEvent<K>) => unknown;
  readonly idempotent: boolean;
}

/** One query that one room keeps up to date. */
export interface Followed<K extends AppKind> {
  readonly queryClient: QueryClient;
  readonly room: AppRoom<K>;
  readonly queryKey: QueryKey;
}

interface Follower<K extends AppKind> {
  /** Of the components that are there; the first is asked. */
  readonly readers: Set<() => Reader<K>>;
  readonly retain: () => () => void;
}
type Followers<K extends AppKind> = Map<string, Follower<K>>;

/** By room, not by its name: another client's hears by another connection. */
const followers = new WeakMap<QueryClient, WeakMap<object, unknown>>();

/** Keeps one query up to date by one room, once however many components ask for it. @param read asked at each event */
export function followRoom<K extends AppKind>(followed: Followed<K>, read: () => Reader<K>): () => void {
  const { queryClient, room, queryKey } = followed;
  const rooms = followers.get(queryClient) ?? new WeakMap<object, unknown>();
  followers.set(queryClient, rooms);
  const known = (rooms.get(room) as Followers<K> | undefined) ?? new Map<string, Follower<K>>();
  rooms.set(room, known);
  const { queryHash: hash } = queryClient.defaultQueryOptions({ queryKey });
  const follower = known.get(hash) ?? createFollower(followed, () => known.delete(hash));
  known.set(hash, follower);
  const { readers, retain } = follower;
  readers.add(read);
  const release = retain();
  return () => {
    readers.delete(read);
    release();
  };
}

function createFollower<K extends AppKind>(followed: Followed<K>, ended: () => void): Follower<K> {
  const readers = new Set<() => Reader<K>>();
  const retain = createRetainer(() => {
    const stop = follow(followed, readers);
    return () => {
      ended();
      stop();
    };
  });
  return { readers, retain };
}

function follow<K extends AppKind>(
  { queryClient, room, queryKey }: Followed<K>,
  readers: ReadonlySet<() => Reader<K>>,
): () => void {
  const writer = createCacheWriter(queryClient);
  let isFresh = false;
  const refetch = () => void queryClient.invalidateQueries({ queryKey, exact: true });

  /** What was fetched before the room was joined, or kept from an earlier time, may lack events that nobody saw. */
  function refresh(): void {
    if (isFresh || room.status !== 'joined') return;
    isFresh = true;
    const state = queryClient.getQueryState(queryKey);
    if (state && (state.data !== undefined || state.fetchStatus !== 'idle')) refetch();
  }
  const stops = [
    room.onEvent((event) => {
      const [read] = readers;
      if (!read) return;
      const { update, idempotent } = read();
      writer.write({ queryKey, idempotent, update: (old) => update(old, event) });
    }),
    room.onGap(refetch),
    room.onStatus((status) => {
      // Who comes back from there begins anew, and is told of no gap.
      if (status === 'out') isFresh = false;
      refresh();
    }),
    writer.close,
  ];
  refresh();
  return () => {
    for (const stop of stops) stop();
  };
}
