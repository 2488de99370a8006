/** The hook and the dispatcher that the shipvox format documents, over that format and a native WebSocket. */
export {
  dispatchMessageByType,
  type MessageHandlers,
  type WebSocketMessage,
  type WebSocketMessageType,
} from './shipvox/messages.js';
export {
  type SendMessage,
  type ShipvoxSocket,
  type UseWebSocketOptions,
  useWebSocket,
  type WebSocketStatus,
} from './shipvox/use-web-socket.js';
