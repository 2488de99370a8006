import { once } from 'node:events';
import { createServer } from 'node:http';

/** A page of loopback: Chromium lets no other reach our servers. */
export async function serveSite(body = ''): Promise<{ readonly origin: string } & AsyncDisposable> {
  const server = createServer((_, res) =>
    res.writeHead(200, { 'Content-Type': 'text/html' }).end(`<body>${body}</body>`),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
