import type { Socket } from 'socket.io-client';
import type { AnswerKind } from './answer-log.js';

export interface RealtimeGreeting {
  readonly token: string;
  readonly sessionId: string;
  /** Empty: none. */
  readonly artifactId: string;
}

export interface RealtimeEvents {
  readonly add: (kind: AnswerKind, content: unknown) => void;
  readonly changed: (isConnected: boolean) => void;
}

const KINDS: Readonly<Record<string, AnswerKind>> = { RESPONSE: 'response', UPDATE: 'update', ERROR: 'error' };

/** Connects once: a refusal is shown, not repeated. */
export async function connectRealtime(greeting: RealtimeGreeting, events: RealtimeEvents): Promise<Socket> {
  const { token, sessionId, artifactId } = greeting;
  const { io } = await import('socket.io-client');
  const socket = io({
    path: '/realtime',
    auth: { token },
    query: { ...(sessionId && { sessionId }), ...(artifactId && { artifactId }) },
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
  });
  socket.on('connect', () => {
    events.changed(true);
    events.add('note', `connected as ${socket.id}`);
  });
  socket.on('disconnect', (reason) => {
    events.changed(false);
    events.add('note', `disconnected: ${reason}`);
  });
  socket.on('connect_error', (error) =>
    events.add('error', { message: error.message, data: Reflect.get(error, 'data') }),
  );
  socket.on('message', (message: unknown) => {
    const content = typeof message === 'string' ? parse(message) : message;
    const type: unknown = typeof content === 'object' && content !== null ? Reflect.get(content, 'type') : undefined;
    events.add(KINDS[String(type)] ?? 'note', content);
  });
  return socket;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
