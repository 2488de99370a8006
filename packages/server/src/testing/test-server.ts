import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createJwtAuthenticator } from '../auth/jwt-authenticator.js';
import { createTokenIssuer, type TokenSubject } from '../auth/token-issuer.js';
import { canonicalDialect } from '../canonical/canonical-dialect.js';
import type { Hub } from '../hub/hub-api.js';
import type { Authenticator } from '../seams/authenticator.js';

/** An application's own hub, served for its tests; `await using` closes it. */
export interface TestServer<H> extends AsyncDisposable {
  readonly hub: H;
  /** Where clients connect: `ws://127.0.0.1:<a free port>/v1/connect`. */
  readonly url: string;
  /** A token of this user, good for half an hour; a provider for clients is `() => server.token({ userId: 'ann' })`. */
  token(subject: TokenSubject): Promise<string>;
  /** Cuts every connection without a word, as a bad network does: clients come back by themselves. */
  cut(): void;
}

/**
 * Serves the hub that `create` makes with the authenticator it is given, which checks the tokens made here and is the real one.
 *
 *     await using server = await createTestServer((authenticator) => createHub({ contract, authenticator }));
 */
export async function createTestServer<H extends Pick<Hub, 'start' | 'attach' | 'close'>>(
  create: (authenticator: Authenticator) => H,
): Promise<TestServer<H>> {
  const secret = `${crypto.randomUUID()}${crypto.randomUUID()}`;
  const issuer = createTokenIssuer({ secret });
  const hub = create(createJwtAuthenticator({ secret }));
  const sockets = new Set<Socket>();
  const server = createServer().on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await hub.start();
  hub.attach(server, [canonicalDialect()]);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    hub,
    url: `ws://127.0.0.1:${port}/v1/connect`,
    token: async (subject) => (await issuer.issue(subject)).token,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      server.close();
    },
  };
}
