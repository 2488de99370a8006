import { type RawData, type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { Peer } from './peer.js';
import { CLOSE_TIMEOUT_MS } from './web-socket-link.js';

/** A WebSocket that knows its peer, so that listeners can be shared by all: a closure each would cost more than the rest. */
export class PeerSocket extends WebSocket {
  peer: Peer | null = null;
}

export interface PeerServerOptions {
  readonly subprotocol: string;
  readonly maxPayloadBytes: number;
  readonly deflate: { readonly thresholdBytes: number } | false;
}

/** The part that is RFC 6455: ws, without a server of its own and without a list of clients. */
export function createPeerServer(options: PeerServerOptions): Server<typeof PeerSocket> {
  // @types/ws does not know `closeTimeout` yet.
  const serverOptions: ServerOptions<typeof PeerSocket> & { readonly closeTimeout: number } = {
    // A write for each ping of a flood is what it wants; the link then answers the newest of a turn.
    autoPong: false,
    clientTracking: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    // Unset, ws echoes the first protocol offered, which may be a token (RELIABILITY, fact 6).
    handleProtocols: (offered) => (offered.has(options.subprotocol) ? options.subprotocol : false),
    maxPayload: options.maxPayloadBytes,
    noServer: true,
    perMessageDeflate: options.deflate && {
      // Without a kept context a connection holds no zlib memory between messages.
      clientNoContextTakeover: true,
      serverNoContextTakeover: true,
      concurrencyLimit: 4,
      threshold: options.deflate.thresholdBytes,
    },
    WebSocket: PeerSocket,
  };
  return new WebSocketServer(serverOptions);
}

/** Connects a socket to its peer; call once, in the turn of its upgrade. */
export function listenTo(socket: PeerSocket, peer: Peer, heartbeat: 'notice' | 'link'): void {
  socket.peer = peer;
  socket.on('message', onMessage);
  socket.on('close', onClose);
  socket.on('error', onError);
  socket.on('ping', onPing);
  // With application pings a pong proves nothing: a network stack answers for a hung page (RELIABILITY, fact 4).
  socket.on('pong', heartbeat === 'link' ? onPong : onStrayPong);
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  if (this instanceof PeerSocket && Buffer.isBuffer(data)) this.peer?.receive(data, isBinary);
}

function onPing(this: WebSocket, data: Buffer): void {
  if (!(this instanceof PeerSocket) || this.peer === null) return;
  this.peer.link.pong(data, this.peer.isHurried);
  this.peer.controlled();
}

function onPong(this: WebSocket): void {
  if (!(this instanceof PeerSocket)) return;
  this.peer?.link.heard();
  this.peer?.controlled();
}

function onStrayPong(this: WebSocket): void {
  if (this instanceof PeerSocket) this.peer?.controlled();
}

function onClose(this: WebSocket, code: number): void {
  if (!(this instanceof PeerSocket)) return;
  this.peer?.ended(code);
  this.peer = null;
}

function onError(this: WebSocket, error: Error & { readonly code?: string }): void {
  if (this instanceof PeerSocket) this.peer?.link.failed(CODE_OF_ERROR.get(error.code ?? '') ?? 1002);
}

/** The close codes that ws answers its own errors with. */
const CODE_OF_ERROR = new Map([
  ['WS_ERR_INVALID_UTF8', 1007],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
]);
