import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalDialect, createHub, createJwtAuthenticator, createTokenIssuer } from '@trunkline/server';
import { contract } from './contract.js';

const NAME = /^[A-Za-z0-9._-]{1,32}$/;

export interface Chat extends AsyncDisposable {
  readonly port: number;
}

/** The hub, and `POST /session?name=…` that believes everybody's name: put your login in its place. */
export async function startChat(port: number): Promise<Chat> {
  const secret = process.env.JWT_SECRET ?? randomBytes(32).toString('hex');
  const issuer = createTokenIssuer({ secret });
  const hub = createHub({ contract, authenticator: createJwtAuthenticator({ secret }) });
  await hub.start();

  const http = createServer(async ({ method, url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://chat');
    const name = searchParams.get('name') ?? '';
    if (method !== 'POST' || pathname !== '/session') return void response.writeHead(404).end();
    if (!NAME.test(name)) return void response.writeHead(400).end();
    const { token } = await issuer.issue({ userId: name });
    response.writeHead(200, { 'content-type': 'text/plain' }).end(token);
  });
  hub.attach(http, [canonicalDialect()]);
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));

  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await hub.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
