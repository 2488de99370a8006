import { useEffect, useMemo } from 'react';
import type { AppKind, RoomOf } from './register.js';
import type { RoomStore } from './room-store.js';
import { type RoomView, useRoomStore, useRoomValue } from './use-room-value.js';

export interface RoomTyping {
  /** User ids of the others who type now. */
  readonly users: readonly string[];
  /** Call at every key; sent at most every 3 s. */
  readonly start: () => void;
  /** Call when the message is sent. 5 s without a key do it too, and the going of the last component in which the user typed. */
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
  const hands = useMemo(() => createHands(store), [store]);
  useEffect(() => hands.rest, [hands]);
  return useMemo(() => ({ users, start: hands.start, stop: hands.stop }), [users, hands]);
}

/** What one component does to the room's typing: its going ends only its own. */
function createHands(store: RoomStore<AppKind> | undefined) {
  const me = {};
  function stop(): void {
    store?.typists.clear();
    store?.room.typing.stop();
  }
  return {
    start(): void {
      store?.typists.add(me);
      store?.room.typing.start();
    },
    stop,
    rest(): void {
      if (store?.typists.delete(me) && store.typists.size === 0) stop();
    },
  };
}
