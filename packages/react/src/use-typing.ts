import { useEffect, useMemo } from 'react';
import type { AppKind, RoomOf } from './register.js';
import { type RoomView, useRoomStore, useRoomValue } from './use-room-value.js';

export interface RoomTyping {
  /** User ids of the others who type now. */
  readonly users: readonly string[];
  /** Call at every key; sent at most every 3 s. */
  readonly start: () => void;
  /** Call when the message is sent. Leaving the page and 5 s without a key do it too. */
  readonly stop: () => void;
}

const NOBODY: readonly string[] = [];
const view: RoomView<AppKind, readonly string[]> = {
  listen: ({ room }, changed) => room.typing.on(changed),
  read: ({ room }) => room.typing.users,
  nothing: NOBODY,
};

/** Who types in the room, in a kind with an ephemeral event `typing`. */
export function useTyping(name: RoomOf<AppKind> | undefined): RoomTyping {
  const store = useRoomStore<AppKind>(name);
  const users = useRoomValue(store, view);
  useEffect(() => () => store?.room.typing.stop(), [store]);
  return useMemo(
    () => ({ users, start: () => store?.room.typing.start(), stop: () => store?.room.typing.stop() }),
    [store, users],
  );
}
