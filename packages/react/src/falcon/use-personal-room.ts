import { useMemo } from 'react';
import { fieldsOf, type WSMessage } from './messages.js';
import { type FalconRoom, useRoom } from './use-room.js';

/** What a `notification` carries: the text, and whatever else the backend says. */
export interface Notification {
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface UsePersonalRoomOptions {
  readonly onNotification?: (notification: Notification) => void;
  /** Profile updates, membership changes and the rest of what the room hears, notifications included. */
  readonly onMessage?: (message: WSMessage) => void;
}

export interface PersonalRoom extends Pick<FalconRoom, 'isJoined' | 'messages'> {
  readonly notifications: readonly Notification[];
}

/** The user's own room, which the server gives by itself. */
export function usePersonalRoom(userId: string | undefined, options: UsePersonalRoomOptions = {}): PersonalRoom {
  const { isJoined, messages } = useRoom(userId === undefined ? undefined : `user:${userId}`, {
    onMessage(message) {
      options.onMessage?.(message);
      if (message.type === 'notification') options.onNotification?.(notificationOf(message));
    },
  });
  return useMemo(() => {
    const notifications = messages.filter(({ type }) => type === 'notification').map(notificationOf);
    return { isJoined, messages, notifications };
  }, [isJoined, messages]);
}

function notificationOf({ data }: WSMessage): Notification {
  const { message = '', ...rest } = fieldsOf(data);
  return { ...rest, message: String(message) };
}
