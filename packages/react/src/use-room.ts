import { type Gap, type Published, type PublishOptions, type RoomStatus, TrunklineError } from '@trunkline/client';
import type { EventData } from '@trunkline/protocol';
import { useEffect, useMemo } from 'react';
import type { AppContract, AppKind, AppRoom, RoomOf } from './register.js';
import type { AppEvent, RoomState, RoomStore } from './room-store.js';
import { useLatest } from './use-latest.js';
import { type RoomView, useRoomStore, useRoomValue } from './use-room-value.js';

export interface UseRoomOptions<K extends AppKind> {
  /** Every event once; may be a new function in each render. */
  readonly onEvent?: ((event: AppEvent<K>) => void) | undefined;
  /** Events were missed for good: load the room's truth again. */
  readonly onGap?: ((gap: Gap) => void) | undefined;
}

export interface JoinedRoom<K extends AppKind> {
  /** The SDK's room, for what has no hook; undefined on a server and without a name. */
  readonly room: AppRoom<K> | undefined;
  readonly status: RoomStatus;
  readonly isJoined: boolean;
  /** Why the room was refused or taken away. */
  readonly error: TrunklineError | undefined;
  /** The newest events since the first component came, oldest first, at most 200. */
  readonly events: readonly AppEvent<K>[];
  /** Resolves when the log holds it; waits in the queue while offline. @throws {TrunklineError} */
  readonly publish: <E extends keyof AppContract['rooms'][K]['events'] & string>(
    event: E,
    data: EventData<AppContract, K, E>,
    options?: PublishOptions,
  ) => Promise<Published>;
  /** Ephemeral, now or never. False when it could not be sent. */
  readonly signal: <E extends keyof AppContract['rooms'][K]['events'] & string>(
    event: E,
    data: EventData<AppContract, K, E>,
  ) => boolean;
}

function viewOf<K extends AppKind>(): RoomView<K, RoomState<K>> {
  return {
    listen: ({ state }, changed) => state.subscribe(changed),
    read: ({ state }) => state.get(),
    nothing: { status: 'out', events: [], error: undefined },
  };
}

/** In a room while the component is there; several components are one member. No name: in none yet. */
export function useRoom<K extends AppKind>(
  name: RoomOf<K> | undefined,
  options: UseRoomOptions<K> = {},
): JoinedRoom<K> {
  const store = useRoomStore<K>(name);
  const view = useMemo(() => viewOf<K>(), []);
  useRoomListeners(store, options);
  const state = useRoomValue(store, view);
  const room = store?.room;
  return useMemo(
    () => ({
      ...state,
      room,
      isJoined: state.status === 'joined',
      publish: async (event, data, publishOptions) => {
        if (!room) throw new TrunklineError('cancelled', 'There is no room to publish to yet.');
        return await room.publish(event, data, publishOptions);
      },
      signal: (event, data) => room?.signal(event, data) ?? false,
    }),
    [state, room],
  );
}

function useRoomListeners<K extends AppKind>(store: RoomStore<K> | undefined, options: UseRoomOptions<K>): void {
  const latest = useLatest(options);
  useEffect(() => {
    if (!store) return;
    const stops = [
      store.room.onEvent((event) => latest.current.onEvent?.(event)),
      store.room.onGap((gap) => latest.current.onGap?.(gap)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [store, latest]);
}
