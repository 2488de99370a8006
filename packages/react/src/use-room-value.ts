import { useCallback, useSyncExternalStore } from 'react';
import { useClient } from './provider.js';
import type { AppKind, RoomOf } from './register.js';
import { type RoomStore, roomStore } from './room-store.js';

/** What a hook reads of a room; of the same object until a render, so that nothing subscribes anew. */
export interface RoomView<K extends AppKind, T> {
  listen(store: RoomStore<K>, changed: () => void): () => void;
  read(store: RoomStore<K>): T;
  /** Without a room or a client, and on a server. */
  readonly nothing: T;
}

export function useRoomStore<K extends AppKind>(name: RoomOf<K> | undefined): RoomStore<K> | undefined {
  const client = useClient();
  return client && name !== undefined ? roomStore(client, name) : undefined;
}

/** Keeps the room joined while the component is there, and renders when what it reads changes. */
export function useRoomValue<K extends AppKind, T>(store: RoomStore<K> | undefined, view: RoomView<K, T>): T {
  const subscribe = useCallback(
    (changed: () => void) => {
      const stop = store && view.listen(store, changed);
      const release = store?.retain();
      return () => {
        stop?.();
        release?.();
      };
    },
    [store, view],
  );
  return useSyncExternalStore(
    subscribe,
    () => (store ? view.read(store) : view.nothing),
    () => view.nothing,
  );
}
