import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Forwarding } from './forward-request.js';
import { upgradeHead } from './forwarded-head.js';

/** What the client may take for the last bytes, once the other worker has ended the socket. */
const FLUSH_MS = 2_000;

/** Joins a socket that is to be upgraded to another worker, for as long as both are there. */
export function forwardUpgrade(
  req: IncomingMessage,
  socket: Duplex,
  firstBytes: Buffer,
  { path, head, onGone }: Forwarding,
): void {
  const neighbour = connect({ path });
  let isThere = false;
  socket.once('close', () => neighbour.destroy());
  neighbour.on('error', () => {
    // An error of a connection that was there is followed by its end, below.
    if (!isThere && !socket.destroyed) onGone();
  });
  neighbour.once('connect', () => {
    isThere = true;
    neighbour.once('close', () => endSoon(socket));
    neighbour.write(upgradeHead(req, head), 'latin1');
    neighbour.write(firstBytes);
    socket.pipe(neighbour).pipe(socket);
  });
}

/** A client that reads nothing must not keep its socket: nobody watches it any more. */
function endSoon(socket: Duplex): void {
  socket.once('finish', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), FLUSH_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end();
}
