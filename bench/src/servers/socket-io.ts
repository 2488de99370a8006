import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { announce } from './serve.js';

/** Socket.IO as its own guide shows it: rooms, WebSocket only, no authentication, no validation, no recovery. */
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });

const redisUrl = process.env.BENCH_REDIS_URL;
if (redisUrl) {
  const publisher = new Redis(redisUrl);
  io.adapter(createAdapter(publisher, publisher.duplicate()));
}

io.on('connection', (socket) => {
  socket.on('join', (room: string) => {
    socket.join(room);
    socket.emit('joined');
  });
  socket.on('m', (room: string, data: unknown) => {
    io.to(room).emit('m', data);
  });
  socket.on('echo', (data: unknown, acknowledge: (data: unknown) => void) => acknowledge(data));
});
http.listen({ port: 0, host: '127.0.0.1', backlog: 8_192 }, () => announce((http.address() as AddressInfo).port));
