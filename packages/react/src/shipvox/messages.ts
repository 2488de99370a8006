/** The documented types; servers relay others too. */
export type WebSocketMessageType =
  | 'zip_collected'
  | 'weight_confirmed'
  | 'quote_ready'
  | 'label_created'
  | 'pickup_scheduled'
  | 'contextual_update'
  | 'client_tool_call'
  | 'client_tool_result'
  | 'error'
  | 'auth';

export interface WebSocketMessage {
  readonly type: WebSocketMessageType | (string & {});
  readonly payload: unknown;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly requestId: string;
  /** Who sent it, as the server knows; absent in what the server says itself. */
  readonly user?: string;
}

/** By type, or as `onQuoteReady` for `quote_ready`. A state setter will do. */
export type MessageHandlers = {
  // A setter of any type may stand here: what a type's payload is, is between the two ends.
  readonly [type: string]: { bivarianceHack(payload: unknown): void }['bivarianceHack'] | undefined;
};

/** Gives the payload to the handler of its type. False when there is none. */
export function dispatchMessageByType(message: WebSocketMessage, handlers: MessageHandlers): boolean {
  const names = [
    message.type,
    `on${message.type.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`,
  ];
  const name = names.find((candidate) => Object.hasOwn(handlers, candidate));
  const handler = name === undefined ? undefined : handlers[name];
  handler?.(message.payload);
  return handler !== undefined;
}

/** Null for what is no message. */
export function readMessage(text: string): WebSocketMessage | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string')
      return null;
    return value as WebSocketMessage;
  } catch {
    return null;
  }
}
