import { type QueryFunctionContext, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type ChatMessage, threadRoom, useChatCache } from './chat-cache.js';
import { useFalconConnection } from './provider.js';

export interface ChatThread {
  readonly id: string;
  readonly lastMessage?: ChatMessage | undefined;
  /** Messages since `markRead`. */
  readonly unread?: number;
  readonly [field: string]: unknown;
}

export interface UseChatThreadsOptions {
  /** Loads the user's threads from the backend. @default none */
  readonly queryFn?: (context: QueryFunctionContext) => Promise<readonly ChatThread[]>;
}

export type ChatThreads = UseQueryResult<readonly ChatThread[]> & { readonly markRead: (threadId: string) => void };

const KEY = ['chat', 'threads'];

/** The thread with its newest message comes first. */
function bump(threads: readonly ChatThread[], message: ChatMessage): readonly ChatThread[] {
  const thread = threads.find(({ id }) => id === message.threadId);
  if (!thread || thread.lastMessage?.id === message.id) return threads;
  const bumped = { ...thread, lastMessage: message, unread: (thread.unread ?? 0) + 1 };
  return [bumped, ...threads.filter((other) => other !== thread)];
}

/** The user's threads, each joined, the one with the newest message first. */
export function useChatThreads({ queryFn = async () => [] }: UseChatThreadsOptions = {}): ChatThreads {
  const connection = useFalconConnection();
  const queryClient = useChatCache<readonly ChatThread[]>({ queryKey: KEY, update: bump, idempotent: false });
  const result = useQuery<readonly ChatThread[]>({ queryKey: KEY, queryFn });
  const ids = (result.data ?? []).map(({ id }) => id).sort();
  const joined = JSON.stringify(ids);

  useEffect(() => {
    const wanted: unknown = JSON.parse(joined);
    const releases = Array.isArray(wanted) ? wanted.map((id) => connection?.join(threadRoom(String(id)))) : [];
    return () => {
      for (const release of releases) release?.();
    };
  }, [connection, joined]);

  return {
    ...result,
    markRead: (threadId) =>
      void queryClient.setQueryData<readonly ChatThread[]>(KEY, (threads) =>
        threads?.map((thread) => (thread.id === threadId ? { ...thread, unread: 0 } : thread)),
      ),
  };
}
