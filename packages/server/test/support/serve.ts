import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { createRouter, type Router, type RouterOptions } from '../../src/router/router.js';
import type { Dialect } from '../../src/seams/dialect.js';

export interface Served extends AsyncDisposable {
  readonly port: number;
  readonly router: Router;
  readonly server: Server;
}

export interface ServeOptions extends RouterOptions {
  readonly dialects: readonly Dialect[];
  /** The application's own listener. */
  readonly app?: RequestListener;
}

/** Dialects on a real HTTP server of their own, on a free port of loopback. */
export async function serve(options: ServeOptions): Promise<Served> {
  const server = createServer({ connectionsCheckingInterval: 50 });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  if (options.app) server.on('request', options.app);
  const router = createRouter(options);
  router.attach(server, options.dialects);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    router,
    server,
    async [Symbol.asyncDispose]() {
      await router.close();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
