import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerFrame } from '@trunkline/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageData } from './message-data.js';

/** What one page is connected to: events of one room at any rate. */
export interface EventSource {
  /** Where the page connects, and with which token. */
  readonly path: string;
  readonly token: string;
  /** Sends `count` events, so many a second, in writes of a tick's worth. Resolves when the last has been handed over. */
  send(count: number, perSecond: number): Promise<void>;
  close(): Promise<void>;
}

const EPOCH = 'bench';
const TICK_MS = 10;

/** Sends what is due, a tick at a time, until it is all sent. */
export async function pace(count: number, perSecond: number, sendSome: (due: number) => void): Promise<void> {
  const startedAt = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
    sendSome(due - sent);
    sent = due;
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

/** Plays the server with a bare `ws`. `perMessage` above 1: messages that are arrays of so many frames. */
export function createBareSource(http: Server, room: string, perMessage: number): EventSource {
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  let member: { readonly socket: WebSocket; readonly stream: Duplex } | undefined;
  let offset = 0;

  server.on('connection', (socket, request) => {
    const tell = (frame: ServerFrame) => socket.send(JSON.stringify(frame));
    socket.on('message', (text) => {
      const { type, id } = JSON.parse(String(text)) as { readonly type: string; readonly id: string };
      if (type !== 'hello') return;
      tell({
        type: 'welcome',
        id,
        connectionId: 'page',
        session: 'session',
        userId: 'browser',
        serverTime: Date.now(),
        heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
        limits: {
          maxMessageBytes: 1_048_576,
          maxRooms: 200,
          maxUnacked: 1_000,
          messagesPerSecond: 200,
          burst: 500,
          dedupeWindowMs: 600_000,
          reconnectSpreadMs: 1_000,
        },
        expiresAt: null,
      });
      tell({ type: 'joined', room, position: { epoch: EPOCH, offset, lastId: '' }, recovered: false, missed: 0 });
      member = { socket, stream: request.socket };
    });
  });

  function next(): string {
    offset += 1;
    return JSON.stringify({
      type: 'event',
      room,
      event: 'message',
      id: randomUUID(),
      epoch: EPOCH,
      offset,
      from: { userId: 'publisher', connectionId: 'c1' },
      data: JSON.parse(messageData(64)),
      timestamp: Date.now(),
    } satisfies ServerFrame);
  }
  return {
    path: '/',
    token: '',
    async send(count, perSecond) {
      if (!member) throw new Error('The page is not connected.');
      const { socket, stream } = member;
      await pace(count, perSecond, (due) => {
        stream.cork();
        for (let sent = 0; sent < due; ) {
          const frames = Array.from({ length: Math.min(perMessage, due - sent) }, next);
          socket.send(perMessage === 1 ? frames.join() : `[${frames.join()}]`);
          sent += frames.length;
        }
        stream.uncork();
      });
    },
    close: async () => server.close(),
  };
}
