import type { BunServer } from './bun-types.js';
import { announce } from './serve.js';

/** Bun's own publish and subscribe, which is C++ on its event loop; no authentication, no validation, no log. */
const server: BunServer = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, { upgrade }) {
    const rooms = new URL(request.url).searchParams.get('rooms')?.split(',') ?? [];
    return upgrade.call(server, request, { data: { rooms } }) ? undefined : new Response('', { status: 400 });
  },
  websocket: {
    open(socket) {
      for (const room of socket.data.rooms) socket.subscribe(room);
      socket.send('{"type":"joined"}');
    },
    message(socket, text) {
      const message = JSON.parse(String(text));
      if (message.type === 'request')
        socket.send(JSON.stringify({ type: 'response', id: message.id, data: message.data }));
      else server.publish(message.room, JSON.stringify({ type: 'event', room: message.room, data: message.data }));
    },
  },
});
announce(server.port, () => Bun.gc(true));
