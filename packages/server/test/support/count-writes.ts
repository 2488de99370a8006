import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Counts `write` calls on every socket that a server accepts from now on. */
export function countWrites(server: Server): { readonly count: number } {
  const counter = { count: 0 };
  server.on('connection', (socket: Socket) => {
    const write = socket._write.bind(socket);
    socket._write = (chunk, encoding, callback) => {
      counter.count++;
      write(chunk, encoding, callback);
    };
  });
  return counter;
}
