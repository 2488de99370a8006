import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket, WebSocketServer } from 'ws';

export interface RecordingRelay extends AsyncDisposable {
  readonly url: string;
  /** Each text frame that went through, by who said it. */
  readonly frames: { readonly client?: object; readonly server?: object }[];
}

/** Stands between a program and a server, and writes down what they say to each other over WebSockets. */
export async function startRecordingRelay(target: string): Promise<RecordingRelay> {
  const frames: RecordingRelay['frames'] = [];
  const http = createServer(async (req, res) => {
    const { method = 'GET', url = '/', headers } = req;
    const contentType = { 'content-type': headers['content-type'] ?? '' };
    const body = method === 'GET' ? {} : { body: await text(req) };
    const answer = await fetch(target + url, { method, headers: contentType, ...body });
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', async (client, { url = '/' }) => {
    const server = new WebSocket(target.replace('http', 'ws') + url);
    const opened = once(server, 'open');
    client.on('message', async (data) => {
      frames.push({ client: JSON.parse(String(data)) });
      await opened;
      server.send(String(data));
    });
    server.on('message', (data) => {
      frames.push({ server: JSON.parse(String(data)) });
      client.send(String(data));
    });
    client.on('close', () => server.close());
    server.on('close', () => client.close());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    frames,
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}
