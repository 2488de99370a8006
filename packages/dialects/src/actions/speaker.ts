import type { DialectSpeaker, SpeakerConnection } from '@trunkline/server/testing';
import { io } from 'socket.io-client';
import { createDocumentedQueue } from '../../test/support/documented-queue.js';
import { actionsDialect } from './index.js';
import { serverMessageSchema } from './schema.js';

export const speaker: DialectSpeaker = {
  name: 'actions',
  dialect: () => actionsDialect(),
  room: 'company:acme',
  users: ['alice', 'bob'],
  claims: { company_id: 'acme' },
  refusal: 'connect_error',
  incomplete: '{"type":"REQUEST","requestId":"r-1"}',
  isError: (message) => message.type === 'ERROR',
  parse: (message) => void serverMessageSchema.parse(message),
  heard: (n) => ({
    event: 'update',
    data: { action: 'companyUpdate', requestId: `update-${n}`, data: { n } },
    matches: (message) => message.type === 'UPDATE' && message.requestId === `update-${n}`,
  }),
  connect: ({ port, token }) => connectActions(port, { token, transports: ['websocket'] }),
};

export interface ConnectActions {
  readonly token: string | null;
  readonly sessionId?: string;
  readonly artifactId?: string;
  readonly transports?: ('websocket' | 'polling')[];
}

/** What the server says is text, or an object to those who speak so. */
export function readMessage(message: unknown): unknown {
  return typeof message === 'string' ? JSON.parse(message) : message;
}

/** A v4 client; rejects with `connect_error` and the refusal as its cause. */
export function connectActions(port: number, options: ConnectActions): Promise<SpeakerConnection> {
  const { token, sessionId = 'session-1', artifactId, transports = ['polling', 'websocket'] } = options;
  const socket = io(`http://127.0.0.1:${port}`, {
    path: '/realtime',
    forceNew: true,
    reconnection: false,
    transports,
    auth: token === null ? {} : { token },
    query: { sessionId, ...(artifactId === undefined ? {} : { artifactId }) },
  });
  const queue = createDocumentedQueue(serverMessageSchema);
  socket.on('message', (message) => queue.push(readMessage(message)));
  const ended = new Promise<string>((resolve) => {
    socket.once('disconnect', (reason) => {
      queue.end(reason);
      resolve(reason);
    });
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () =>
      resolve({
        seen: queue.seen,
        take: (matches, what) => queue.take(matches, what),
        send: (text) => void socket.emit('message', text),
        ended,
        async [Symbol.asyncDispose]() {
          socket.disconnect();
          await ended;
          queue.check();
        },
      }),
    );
    socket.once('connect_error', (error: Error & { readonly data?: unknown }) => {
      socket.close();
      reject(new Error('connect_error', { cause: error.data }));
    });
  });
}
