import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** An answer in HTTP, instead of an upgrade. A `body` that is no string is sent as JSON. */
export interface HttpRefusal {
  readonly status: number;
  readonly body: unknown;
  /** @default Content-Type by the body: application/json or text/plain */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers an upgrade in HTTP and ends the socket. Does nothing when the socket has ended already. */
export function refuseUpgrade(socket: Duplex, refusal: HttpRefusal): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { body, headers } = render(refusal);
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  // What the peer sent beyond its request is read and dropped: closing over unread bytes resets, and the answer is lost.
  socket.resume();
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}\r\n${lines.join('')}\r\n${body}`);
}

/** Answers a plain request. */
export function refuseRequest(res: ServerResponse, refusal: HttpRefusal): void {
  const { body, headers } = render(refusal);
  res.writeHead(refusal.status, headers).end(body);
}

function render(refusal: HttpRefusal): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const isText = typeof refusal.body === 'string';
  const body = typeof refusal.body === 'string' ? refusal.body : JSON.stringify(refusal.body);
  const headers = {
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    ...refusal.headers,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  return { body, headers };
}

/** A refusal as an RFC 9457 problem document. */
export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): HttpRefusal {
  return {
    status,
    body: { type: 'about:blank', title: STATUS_CODES[status] ?? 'Refused', status, detail },
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  };
}
