import type { DialectSpeaker, Heard, SpeakerConnection } from '@trunkline/server/testing';
import { createFrameQueue } from '@trunkline/testkit';
import { io } from 'socket.io-client';
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
  const queue = createFrameQueue<Heard>();
  socket.on('message', (message) => queue.push(message));
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
        },
      }),
    );
    socket.once('connect_error', (error: Error & { readonly data?: unknown }) => {
      socket.close();
      reject(new Error('connect_error', { cause: error.data }));
    });
  });
}
