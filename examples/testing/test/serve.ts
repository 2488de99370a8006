import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Client, createClient } from '@trunkline/client';
import { canonicalDialect, createJwtAuthenticator, createTokenIssuer } from '@trunkline/server';
import { WebSocket } from 'ws';
import { type contract, createAuctions } from '../src/auctions.js';

const secret = 'any 32 bytes or more, for tests only';

export interface Served extends AsyncDisposable {
  readonly hub: ReturnType<typeof createAuctions>;
  /** A client of this user, closed with the server. */
  client(userId: string): Client<typeof contract>;
  /** Cuts every connection, as a bad network does: the clients come back by themselves. */
  cut(): void;
}

/** The application's hub on a free port, in memory, with the real authenticator. */
export async function serve(): Promise<Served> {
  const hub = createAuctions(createJwtAuthenticator({ secret }));
  const issuer = createTokenIssuer({ secret });
  const sockets = new Set<Socket>();
  const server = createServer().on('connection', (socket) => sockets.add(socket));
  const clients: Client<typeof contract>[] = [];
  await hub.start();
  hub.attach(server, [canonicalDialect()]);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    hub,
    client(userId) {
      const client = createClient<typeof contract>({
        url: `ws://127.0.0.1:${port}/v1/connect`,
        token: async () => (await issuer.issue({ userId })).token,
        // Without it, tests wait for up to a second after each cut.
        backoff: { baseMs: 10 },
        WebSocket,
      });
      clients.push(client);
      return client;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()));
      await hub.close();
      server.close();
    },
  };
}
