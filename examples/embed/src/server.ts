import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { canonicalDialect, createHub, createJwtAuthenticator, createTokenIssuer } from '@trunkline/server';
import { contract } from './contract.js';

const secret = process.env.JWT_SECRET ?? '';
const issuer = createTokenIssuer({ secret });
const hub = createHub({ contract, authenticator: createJwtAuthenticator({ secret }) });

// An action: typed and checked by the contract, progress included.
hub.handle('quote', ({ items }, { progress }) => {
  for (const priced of items) progress({ priced });
  return { total: items.length * 5 };
});
await hub.start();

// The HTTP server stays the application's; the hub takes its own upgrades only.
const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500).end();
  });
});
hub.attach(server, [canonicalDialect()]);
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');

process.once('SIGTERM', async () => {
  server.close();
  await hub.drain({ windowMs: 1_000, deadlineMs: 5_000 });
  await hub.close();
});

async function handle({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, resource, id = ''] = new URL(url, 'http://localhost').pathname.split('/');
  if (method === 'POST' && resource === 'login') {
    // A real application checks a password or a session here.
    const { token } = await issuer.issue({ userId: id });
    return void response.end(token);
  }
  if (method === 'POST' && resource === 'orders') {
    await hub.directory.change({ object: `order:${id}`, relation: 'customer', user: 'ann', present: true });
    return void response.writeHead(201).end();
  }
  if (method === 'POST' && resource === 'ship') {
    await hub.publish({
      rooms: [`order:${id}`],
      event: 'status',
      data: { status: 'sent' },
      from: { service: 'warehouse' },
    });
    return void response.writeHead(204).end();
  }
  response.writeHead(404).end();
}
