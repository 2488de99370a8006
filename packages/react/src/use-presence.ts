import type { PresenceMember } from '@trunkline/protocol';
import { useCallback, useEffect, useMemo } from 'react';
import type { AppKind, RoomOf } from './register.js';
import { useLatest } from './use-latest.js';
import { type RoomView, useRoomStore, useRoomValue } from './use-room-value.js';

export interface RoomPresence {
  /** One per user; the same array until something changes. */
  readonly members: readonly PresenceMember[];
  /** Tells the room my state; told again after each reconnect. */
  readonly setState: (state: unknown) => void;
}

const NOBODY: readonly PresenceMember[] = [];
const view: RoomView<AppKind, readonly PresenceMember[]> = {
  listen: ({ room }, changed) => room.presence.on(changed),
  read: ({ room }) => room.presence.members,
  nothing: NOBODY,
};

/** Who is in the room. @param state mine, JSON; told at first and when it changes. `undefined` tells nothing: `null` takes back what was told */
export function usePresence(name: RoomOf<AppKind> | undefined, state?: unknown): RoomPresence {
  const store = useRoomStore<AppKind>(name);
  const members = useRoomValue(store, view);
  const latest = useLatest(state);
  const text = JSON.stringify(state);
  useEffect(() => {
    if (text === undefined || !store) return;
    const { presence, onStatus } = store.room;
    const tell = () => presence.set(latest.current);
    tell();
    // Who has left, or closed the client, is forgotten: the next join tells it anew.
    return onStatus((status) => {
      if (status === 'out') tell();
    });
  }, [store, text, latest]);
  const setState = useCallback((next: unknown) => store?.room.presence.set(next), [store]);
  return useMemo(() => ({ members, setState }), [members, setState]);
}
