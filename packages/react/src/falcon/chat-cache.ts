import { type QueryClient, type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { createCacheWriter } from '../query/cache-writer.js';
import { useLatest } from '../use-latest.js';
import type { WSMessage } from './messages.js';
import { useFalconConnection } from './provider.js';

/** A message of a `thread:` room. */
export interface ChatMessage {
  readonly id: string;
  readonly threadId: string;
  /** The sender's connection. */
  readonly from?: string | undefined;
  readonly data: unknown;
  readonly timestamp: string | number;
}

const THREAD = 'thread:';

export function threadRoom(threadId: string): string {
  return `${THREAD}${threadId}`;
}

/** Undefined for what is no chat message. */
function chatMessageOf({ type, room, id, from, data, timestamp = '' }: WSMessage): ChatMessage | undefined {
  if (type !== 'message' || !room?.startsWith(THREAD) || id === undefined) return undefined;
  return { id, threadId: room.slice(THREAD.length), from, data, timestamp };
}

/** How one query takes chat messages. */
interface ChatQuery<T> {
  readonly queryKey: QueryKey;
  readonly update: (old: T, message: ChatMessage) => T;
  /** True: `update` leaves data as it is that has the message already. */
  readonly idempotent: boolean;
}

/** Writes chat messages into one query; this format can't resume, so a connection that comes back fetches it again. */
export function useChatCache<T>(query: ChatQuery<T>): QueryClient {
  const connection = useFalconConnection();
  const queryClient = useQueryClient();
  const latest = useLatest(query);
  useEffect(() => {
    if (!connection) return;
    const writer = createCacheWriter(queryClient);
    let wasLost = false;
    const stops = [
      writer.close,
      connection.onMessage((raw) => {
        const message = chatMessageOf(raw);
        if (!message) return;
        const { update, ...rest } = latest.current;
        writer.write({ ...rest, update: (old) => update(old as T, message) });
      }),
      connection.state.subscribe(() => {
        const { connectionState } = connection.state.get();
        if (connectionState === 'reconnecting') wasLost = true;
        if (connectionState !== 'connected' || !wasLost) return;
        wasLost = false;
        void queryClient.invalidateQueries({ queryKey: latest.current.queryKey });
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [connection, queryClient, latest]);
  return queryClient;
}
