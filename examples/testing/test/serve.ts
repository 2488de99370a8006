import { type Client, createClient } from '@trunkline/client';
import { createTestServer, type TestServer } from '@trunkline/server/testing';
import { WebSocket } from 'ws';
import { type contract, createAuctions } from '../src/auctions.js';

export interface Served extends TestServer<ReturnType<typeof createAuctions>> {
  /** A client of this user, closed with the server. */
  client(userId: string): Client<typeof contract>;
}

/** The application's hub on a free port, in memory, with the real authenticator. */
export async function serve(): Promise<Served> {
  const server = await createTestServer(createAuctions);
  const clients: Client<typeof contract>[] = [];
  return {
    ...server,
    client(userId) {
      const client = createClient<typeof contract>({
        url: server.url,
        token: () => server.token({ userId }),
        // Without it, tests wait for up to a second after each cut.
        backoff: { baseMs: 10 },
        WebSocket,
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()));
      await server[Symbol.asyncDispose]();
    },
  };
}
