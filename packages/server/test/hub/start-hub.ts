import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Contract } from '@trunkline/protocol';
import { builtInContract } from '@trunkline/protocol/contract';
import { connectRaw, type RawClient } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import {
  canonicalDialect,
  createHub,
  createJwtAuthenticator,
  type Dialect,
  type Hub,
  type HubOptions,
} from '../../src/index.js';

export const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';

export interface StartedHub<C extends Contract> extends AsyncDisposable {
  readonly hub: Hub<C>;
  readonly url: string;
  readonly port: number;
  token(userId: string, claims?: TokenClaims): Promise<string>;
}

export interface TokenClaims {
  readonly roles?: readonly string[];
  readonly company_id?: string;
  readonly rooms?: readonly string[];
  readonly jti?: string;
  /** @default 600 */
  readonly lifeSeconds?: number;
}

async function signToken(userId: string, { lifeSeconds = 600, ...claims }: TokenClaims): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const jwt = new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt(now)
    .setExpirationTime(now + lifeSeconds);
  return jwt.sign(new TextEncoder().encode(SECRET));
}

/** A hub on a free port of this machine, with tokens of its own. */
export async function startHub<C extends Contract = typeof builtInContract>(
  options: Partial<HubOptions<C>> & { readonly dialects?: readonly Dialect[] } = {},
): Promise<StartedHub<C>> {
  const hub = createHub<C>({
    contract: builtInContract as unknown as C,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    ...options,
  });
  await hub.start();
  const server = createServer();
  hub.attach(server, options.dialects ?? [canonicalDialect()]);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    hub,
    port,
    url: `ws://127.0.0.1:${port}/v1/connect`,
    token: (userId, claims = {}) => signToken(userId, claims),
    async [Symbol.asyncDispose]() {
      await hub.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client of `userId` that was welcomed. */
export async function connect(
  { url, token }: Pick<StartedHub<never>, 'url' | 'token'>,
  userId: string,
  claims?: TokenClaims,
): Promise<RawClient> {
  const client = await connectRaw({ url });
  await client.hello({ token: await token(userId, claims) });
  return client;
}
