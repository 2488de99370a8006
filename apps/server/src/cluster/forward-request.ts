import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { RequestHead } from '@trunkline/server';
import { originHeader, withoutHops } from './forwarded-head.js';

export interface Forwarding {
  /** The private socket of the worker that has the session. */
  readonly path: string;
  readonly head: RequestHead;
  /** There is no such worker, or it ended before it answered: to be answered here, without the body. */
  onGone(): void;
}

/** Has a plain request answered by another worker, streaming both ways. */
export function forwardRequest(req: IncomingMessage, res: ServerResponse, { path, head, onGone }: Forwarding): void {
  const hasBody = head.method === 'POST';
  const headers = withoutHops(req.headers);
  // Node frames the body of a POST by itself, but writes that of a GET bare: its bytes would be read as a request there.
  if (!hasBody) delete headers['content-length'];
  const request = openRequest({
    // Each has a connection of its own: a kept one may close under a POST, which must not be sent again.
    agent: false,
    // The neighbour must not be first to end it: a last empty write of ours would then fail, and hide its answer.
    headers: { ...originHeader(head), connection: 'keep-alive', ...headers },
    method: head.method,
    path: req.url,
    setHost: false,
    socketPath: path,
  });
  request.once('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage, withoutHops(answer.headers));
    pipeline(answer, res, () => undefined);
  });
  request.once('close', () => {
    // Of a body that nobody took the rest is read and dropped, or the client's next request would wait behind it.
    req.unpipe(request);
    req.resume();
  });
  request.on('error', () => {
    if (res.headersSent) res.destroy();
    else if (!res.destroyed) onGone();
  });
  res.once('close', () => request.destroy());
  if (hasBody) req.pipe(request);
  else request.end();
}
