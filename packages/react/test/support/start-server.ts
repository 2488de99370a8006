import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { falconDialect } from '@trunkline/dialects/falcon';
import { shipvoxDialect } from '@trunkline/dialects/shipvox';
import { type BuiltInContract, builtInContract } from '@trunkline/protocol/contract';
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
  /** The head of every socket ever asked for. */
  readonly upgrades: readonly IncomingMessage[];
  token(userId: string, roles?: readonly string[]): Promise<string>;
}

export const ORIGIN = 'http://app.test';

/** A hub that speaks trunkline, falcon and shipvox on a port of this machine. */
export async function startServer(options: Partial<HubOptions<BuiltInContract>> = {}): Promise<StartedServer> {
  const hub = createHub({
    contract: builtInContract,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    sessionSecret: SECRET,
    allowedOrigins: [ORIGIN],
    ...options,
  });
  await hub.start();
  const http = createServer();
  const upgrades: IncomingMessage[] = [];
  http.on('upgrade', (request) => upgrades.push(request));
  hub.attach(http, [canonicalDialect(), falconDialect(), shipvoxDialect()]);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    hub,
    port,
    url: `ws://127.0.0.1:${port}/v1/connect`,
    upgrades,
    async token(userId, roles = []) {
      const { token } = await createTokenIssuer({ secret: SECRET, lifetimeSeconds: 600 }).issue({ userId, roles });
      return token;
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
