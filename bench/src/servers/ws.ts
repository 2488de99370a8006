import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { announce } from './serve.js';

interface Message {
  readonly type: 'publish' | 'request';
  readonly room: string;
  readonly id: number;
  readonly data: unknown;
}

/** What everybody writes first: a Map of rooms and a loop of `send`. No authentication, no validation, no log. */
const rooms = new Map<string, Set<WebSocket>>();
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 8_192, perMessageDeflate: false }, () => {
  announce((server.address() as AddressInfo).port);
});

server.on('connection', (socket, request) => {
  const names = new URL(request.url ?? '/', 'ws://host').searchParams.get('rooms')?.split(',') ?? [];
  for (const name of names) {
    const room = rooms.get(name) ?? new Set();
    rooms.set(name, room.add(socket));
  }
  socket.on('message', (bytes) => {
    const message: Message = JSON.parse(bytes.toString());
    if (message.type === 'request') {
      socket.send(JSON.stringify({ type: 'response', id: message.id, data: message.data }));
      return;
    }
    const text = JSON.stringify({ type: 'event', room: message.room, data: message.data });
    for (const member of rooms.get(message.room) ?? []) {
      if (member.readyState === WebSocket.OPEN) member.send(text);
    }
  });
  socket.on('close', () => {
    for (const name of names) {
      const room = rooms.get(name);
      if (room?.delete(socket) && room.size === 0) rooms.delete(name);
    }
  });
  socket.on('error', () => socket.terminate());
  socket.send('{"type":"joined"}');
});
