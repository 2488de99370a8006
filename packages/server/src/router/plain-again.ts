import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Who asks for h2c says so in both: `Connection: Upgrade, HTTP2-Settings`. */
const OF_THE_UPGRADE = new Set(['http2-settings', 'upgrade']);

/** True for a request that offers to go on in another protocol than WebSocket, as HTTP clients do that know HTTP/2. */
export function offersAnother({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() !== 'websocket';
}

/**
 * Declines the offer, which is to answer the request as if it had not been made (RFC 9110, section 7.8). A server that
 * listens for upgrades gets the bare socket of such a request, so Node is given it once more, in the same bytes.
 */
export function servePlainly(server: Server, req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = req.rawHeaders.slice(at, at + 2);
    if (OF_THE_UPGRADE.has(name.toLowerCase())) continue;
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), firstBytes]));
  server.emit('connection', socket);
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OF_THE_UPGRADE.has(option.toLowerCase())).join(', ');
}
