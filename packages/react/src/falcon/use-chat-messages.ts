import { type QueryFunctionContext, type UseQueryResult, useQuery } from '@tanstack/react-query';
import { type ChatMessage, threadRoom, useChatCache } from './chat-cache.js';
import { useRoom } from './use-room.js';

export interface UseChatMessagesOptions {
  /** Loads the thread from the backend, oldest first. @default what has come since the page was opened */
  readonly queryFn?: (context: QueryFunctionContext) => Promise<readonly ChatMessage[]>;
}

export type ChatMessages = UseQueryResult<readonly ChatMessage[]> & {
  readonly isJoined: boolean;
  /** `data` of a message to the thread; waits while there is no connection. */
  readonly sendMessage: (data: Readonly<Record<string, unknown>>) => void;
};

const MAX_MESSAGES = 1_000;

function append(messages: readonly ChatMessage[], message: ChatMessage): readonly ChatMessage[] {
  if (messages.some(({ id }) => id === message.id)) return messages;
  return [...messages.slice(1 - MAX_MESSAGES), message];
}

/** The messages of a thread, kept up to date while the component is there. */
export function useChatMessages(threadId: string | undefined, { queryFn }: UseChatMessagesOptions = {}): ChatMessages {
  const queryKey = ['chat', 'messages', threadId];
  const queryClient = useChatCache<readonly ChatMessage[]>({
    queryKey,
    update: (messages, message) => (message.threadId === threadId ? append(messages, message) : messages),
    idempotent: true,
  });
  const { isJoined, sendToRoom } = useRoom(threadId === undefined ? undefined : threadRoom(threadId));
  const result = useQuery<readonly ChatMessage[]>({
    queryKey,
    queryFn: queryFn ?? (() => queryClient.getQueryData<readonly ChatMessage[]>(queryKey) ?? []),
    enabled: threadId !== undefined,
  });
  return { ...result, isJoined, sendMessage: (data) => sendToRoom({ type: 'message', data }) };
}
