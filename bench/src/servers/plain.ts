import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { announce } from './serve.js';

interface Message {
  readonly type: 'publish' | 'request';
  readonly room: string;
  readonly id: number;
  readonly data: unknown;
}

/** One end of a server that speaks the plainest JSON there is. */
export interface PlainMember {
  readonly ws: WebSocket;
  readonly socket: Socket;
  /** What waits to be written, for servers that let it wait. */
  queue: Buffer[];
}

/** A Map of rooms on ws, and a way to send one text to some members. No authentication, no validation, no log. */
export function servePlain(deliver: (members: Iterable<PlainMember>, text: string) => void): void {
  const rooms = new Map<string, Set<PlainMember>>();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 8_192, perMessageDeflate: false }, () => {
    announce((server.address() as AddressInfo).port);
  });

  server.on('connection', (ws, request) => {
    const member: PlainMember = { ws, socket: request.socket, queue: [] };
    const alone = [member];
    const names = new URL(request.url ?? '/', 'ws://host').searchParams.get('rooms')?.split(',') ?? [];
    for (const name of names) {
      const room = rooms.get(name) ?? new Set();
      rooms.set(name, room.add(member));
    }
    ws.on('message', (bytes) => {
      const message: Message = JSON.parse(bytes.toString());
      if (message.type === 'request') {
        deliver(alone, JSON.stringify({ type: 'response', id: message.id, data: message.data }));
        return;
      }
      const text = JSON.stringify({ type: 'event', room: message.room, data: message.data });
      deliver(rooms.get(message.room) ?? [], text);
    });
    ws.on('close', () => {
      for (const name of names) {
        const room = rooms.get(name);
        if (room?.delete(member) && room.size === 0) rooms.delete(name);
      }
    });
    ws.on('error', () => ws.terminate());
    ws.send('{"type":"joined"}');
  });
}
