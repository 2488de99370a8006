import { once } from 'node:events';
import { type Agent, createServer, request as openRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { builtInContract } from '@trunkline/protocol/contract';
import { createHub, createJwtAuthenticator, type Dialect, type RequestHead } from '@trunkline/server';
import { pino } from 'pino';
import { createNeighbours } from '../src/cluster/neighbours.js';
import { SECRET } from './start-api.js';
import { temporaryDirectory } from './temporary-directory.js';

/** What a worker's own dialect was asked. */
interface Asked {
  readonly head: RequestHead;
  readonly bytes: number;
}

/** Says which worker answers; `/early` does so before it has read, `/slow` never ends its answer, `/silent` begins none. */
function createDialect(id: string, asked: Asked[], sockets: Socket[]): Dialect {
  return {
    name: 'sessions',
    match: ({ path }) => ['/s', '/early', '/slow', '/silent'].includes(path),
    mount: () => ({
      async request(req, res, head) {
        if (head.path === '/early') res.writeHead(413).end(id);
        const bytes = (await buffer(req).catch(() => Buffer.alloc(0))).length;
        asked.push({ head, bytes });
        if (head.path === '/s') res.setHeader('set-cookie', ['a=1', 'b=2']).end(`${id} ${'.'.repeat(bytes)}`);
        if (head.path === '/slow') res.write(id);
      },
      upgrade(_, socket, firstBytes, head) {
        asked.push({ head, bytes: firstBytes.length });
        sockets.push(socket as Socket);
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${id} `);
        socket.write(firstBytes);
        socket.on('data', (chunk) => socket.write(chunk));
        socket.on('end', () => socket.end());
      },
      close: async () => undefined,
    }),
  };
}

/** A worker of its own port; the others are in the same directory. */
async function startWorker(directory: string, id: string) {
  const asked: Asked[] = [];
  const sockets: Socket[] = [];
  const neighbours = createNeighbours({ directory, id, logger: pino({ level: 'silent' }) });
  const hub = createHub({
    contract: builtInContract,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    trustedProxies: ['127.0.0.2'],
  });
  const server = createServer();
  hub.attach(server, [neighbours.share(createDialect(id, asked, sockets))]);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    sockets,
    neighbours,
    port,
    async [Symbol.asyncDispose]() {
      await hub.close();
      for (const socket of sockets) socket.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function startTwo() {
  const directory = await temporaryDirectory();
  const one = await startWorker(directory.path, '1');
  const two = await startWorker(directory.path, '2');
  return {
    directory: directory.path,
    one,
    two,
    async [Symbol.asyncDispose]() {
      await two[Symbol.asyncDispose]();
      await one[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

export interface Sent {
  readonly agent?: Agent;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly localAddress?: string;
  readonly path?: string;
}

export async function ask(port: number, sid: string, { body, path = '/s', ...sent }: Sent = {}) {
  const method = body === undefined ? 'GET' : 'POST';
  const request = openRequest({ host: '127.0.0.1', port, path: `${path}?sid=${sid}`, method, ...sent });
  request.end(body);
  const [answer] = await once(request, 'response');
  return { status: answer.statusCode, headers: answer.headers, text: await text(answer) };
}

/** A socket that sends these bytes, and what came back so far. */
export async function send(port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1');
  const came = { text: '', ended: false };
  socket.setEncoding('utf8').on('data', (chunk) => {
    came.text += chunk;
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    came.ended = true;
  });
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, came };
}

export const UPGRADE =
  'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
