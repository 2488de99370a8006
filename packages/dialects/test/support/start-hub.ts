import { once } from 'node:events';
import { createServer } from 'node:http';
import { builtInContract } from '@trunkline/protocol/contract';
import { createHub, createJwtAuthenticator, type Dialect, type Hub, type HubOptions } from '@trunkline/server';
import type { ServedHub } from '@trunkline/server/testing';
import { SignJWT } from 'jose';

const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';

export interface StartedHub extends ServedHub {
  /** Without the contract's types: what formats say is looked at at run time. */
  readonly hub: Hub;
  /** `object relation user`, as in `booking:42 owner alice`. */
  relate(...facts: readonly string[]): Promise<void>;
  unrelate(...facts: readonly string[]): Promise<void>;
}

/** A hub with the built-in contract on a free port of loopback. Claims `exp` in seconds, else ten minutes. */
export async function startHub(dialects: readonly Dialect[], options: Partial<HubOptions> = {}): Promise<StartedHub> {
  const hub = createHub({
    contract: builtInContract,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    ...options,
  });
  await hub.start();
  const server = createServer();
  hub.attach(server, dialects);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const change = async (facts: readonly string[], present: boolean) => {
    for (const fact of facts) {
      const [object = '', relation = '', user = ''] = fact.split(' ');
      await hub.directory.change({ object, relation, user, present });
    }
  };
  return {
    hub,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    token: signToken,
    relate: (...facts) => change(facts, true),
    unrelate: (...facts) => change(facts, false),
    async [Symbol.asyncDispose]() {
      await hub.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function signToken(userId: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000);
  return new SignJWT({ exp: nowS + 600, iat: nowS, ...claims, sub: userId })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
}
