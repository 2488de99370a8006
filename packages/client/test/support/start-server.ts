import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BuiltInContract } from '@trunkline/protocol/contract';
import { builtInContract } from '@trunkline/protocol/contract';
import {
  canonicalDialect,
  createHub,
  createJwtAuthenticator,
  createTokenIssuer,
  type Hub,
  type HubOptions,
} from '@trunkline/server';

const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';

export interface StartedServer extends AsyncDisposable {
  readonly hub: Hub<BuiltInContract>;
  readonly port: number;
  readonly url: string;
  token(userId: string, lifetimeSeconds?: number): Promise<string>;
}

/** A hub on a port of this machine, with tokens of its own. */
export async function startServer(
  options: Partial<HubOptions<BuiltInContract>> & { readonly port?: number } = {},
): Promise<StartedServer> {
  const { port: wanted = 0, ...hubOptions } = options;
  const hub = createHub({
    contract: builtInContract,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    sessionSecret: SECRET,
    ...hubOptions,
  });
  await hub.start();
  const http = createServer();
  hub.attach(http, [canonicalDialect()]);
  await once(http.listen(wanted, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    hub,
    port,
    url: urlOf(port),
    async token(userId, lifetimeSeconds = 600) {
      const { token } = await createTokenIssuer({ secret: SECRET, lifetimeSeconds }).issue({ userId });
      return token;
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export const urlOf = (port: number) => `ws://127.0.0.1:${port}/v1/connect`;
