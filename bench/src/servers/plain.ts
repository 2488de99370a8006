import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { announce } from './serve.js';

interface Message {
  readonly type: 'publish' | 'request';
  readonly room: string;
  readonly id: number;
  readonly data: unknown;
}

/**
 * A Map of rooms on ws, and a way to send one text to some members. No authentication, no validation, no log.
 *
 * @param memberOf what the server keeps of each connection
 */
export function servePlain<Member>(
  memberOf: (ws: WebSocket, socket: Socket) => Member,
  deliver: (members: Iterable<Member>, text: string) => void,
): void {
  const rooms = new Map<string, Set<Member>>();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 8_192, perMessageDeflate: false }, () => {
    announce((server.address() as AddressInfo).port);
  });

  server.on('connection', (ws, request) => {
    const member = memberOf(ws, request.socket);
    const names = new URL(request.url ?? '/', 'ws://host').searchParams.get('rooms')?.split(',') ?? [];
    for (const name of names) {
      const room = rooms.get(name) ?? new Set();
      rooms.set(name, room.add(member));
    }
    ws.on('message', (bytes) => {
      const message: Message = JSON.parse(bytes.toString());
      if (message.type === 'request') {
        deliver([member], JSON.stringify({ type: 'response', id: message.id, data: message.data }));
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
