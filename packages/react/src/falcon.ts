/** The provider and the hooks that the falcon format documents, over that format and a native WebSocket. */
export type { ChatMessage } from './falcon/chat-cache.js';
export type { ConnectionState } from './falcon/connection.js';
export type { WSMessage } from './falcon/messages.js';
export {
  useWebSocketStatus,
  WebSocketProvider,
  type WebSocketProviderProps,
  type WebSocketStatus,
} from './falcon/provider.js';
export { type ChatContact, type UseChatContactsOptions, useChatContacts } from './falcon/use-chat-contacts.js';
export { type ChatMessages, type UseChatMessagesOptions, useChatMessages } from './falcon/use-chat-messages.js';
export {
  type ChatThread,
  type ChatThreads,
  type UseChatThreadsOptions,
  useChatThreads,
} from './falcon/use-chat-threads.js';
export {
  type Notification,
  type PersonalRoom,
  type UsePersonalRoomOptions,
  usePersonalRoom,
} from './falcon/use-personal-room.js';
export { type FalconPresence, type UsePresenceOptions, usePresence } from './falcon/use-presence.js';
export { type FalconRoom, type UseRoomOptions, useRoom } from './falcon/use-room.js';
