import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { createCell } from '../cell.js';
import { useLatest } from '../use-latest.js';
import type { WSMessage } from './messages.js';
import { useFalconConnection, useFalconState } from './provider.js';

export interface UseRoomOptions {
  /** Every message of the room once. */
  readonly onMessage?: ((message: WSMessage) => void) | undefined;
}

export interface FalconRoom {
  readonly isJoined: boolean;
  /** Waits while there is no connection. */
  readonly sendToRoom: (message: Pick<WSMessage, 'type' | 'data'>) => void;
  /** Since the component came, the newest 200, oldest first. */
  readonly messages: readonly WSMessage[];
}

interface Heard {
  readonly messages: readonly WSMessage[];
}

const MAX_MESSAGES = 200;
/** About the room, not in it. */
const ABOUT: ReadonlySet<string> = new Set(['room_joined', 'room_left', 'presence', 'heartbeat', 'error']);
const SILENCE: Heard = { messages: [] };

/** In a room while the component is there. A name without a colon is an application's own room. */
export function useRoom(roomId: string | undefined, { onMessage }: UseRoomOptions = {}): FalconRoom {
  const connection = useFalconConnection();
  const { rooms } = useFalconState();
  const [heard] = useState(() => createCell(SILENCE));
  const { messages } = useSyncExternalStore(heard.subscribe, heard.get, () => SILENCE);
  const told = useLatest(onMessage);

  useEffect(() => {
    if (!connection || roomId === undefined) return;
    const release = connection.join(roomId);
    const stop = connection.onMessage((message) => {
      if (message.room !== roomId || ABOUT.has(message.type)) return;
      heard.set({ messages: [...heard.get().messages.slice(1 - MAX_MESSAGES), message] });
      told.current?.(message);
    });
    return () => {
      stop();
      release();
      heard.set(SILENCE);
    };
  }, [connection, roomId, heard, told]);

  const sendToRoom = useCallback(
    (message: Pick<WSMessage, 'type' | 'data'>) => {
      if (roomId !== undefined) connection?.send({ ...message, room: roomId });
    },
    [connection, roomId],
  );
  const isJoined = roomId !== undefined && rooms.includes(roomId);
  return useMemo(() => ({ isJoined, sendToRoom, messages }), [isJoined, sendToRoom, messages]);
}
