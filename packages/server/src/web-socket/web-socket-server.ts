import { type Server, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { FrameReader, ReadState } from './frame-reader.js';
import type { Peer } from './peer.js';
import { CLOSE_TIMEOUT_MS, type WebSocketLink } from './web-socket-link.js';

/** What a WebSocket tells of what it reads. */
type Listener = Pick<Peer, 'ended' | 'pinged' | 'ponged' | 'receive' | 'receiveBinary'> & {
  readonly link: Pick<WebSocketLink, 'failed' | 'hasFailed'>;
};

/** A WebSocket that tells its peer, where ws would tell listeners: those of one socket took 256 bytes. */
export class PeerSocket extends WebSocket implements ReadState {
  /** Set in the turn of the upgrade. */
  peer: Listener | null = null;
  reader: FrameReader | null = null;
  left = 0;
  header: Buffer | null = null;
  isFragmented = false;
  isEnding = false;

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const { peer } = this;
    const [subject, isBinary] = args;
    // Its end was told, and nobody is left to hear of an error: EventEmitter would throw it.
    if (peer === null) return false;
    if (event === 'message' && Buffer.isBuffer(subject)) {
      if (isBinary) peer.receiveBinary();
      else peer.receive(subject.toString(), subject.length);
    } else if (event === 'ping' && Buffer.isBuffer(subject)) {
      peer.pinged(subject);
    } else if (event === 'pong') {
      peer.ponged();
    } else if (event === 'error') {
      peer.link.failed(closeCodeOf(subject));
    } else if (event === 'close') {
      peer.ended(Number(subject));
      this.peer = null;
    }
    return true;
  }
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

/** The close codes that ws answers its own errors with. */
const CODE_OF_ERROR = new Map<unknown, number>([
  ['WS_ERR_INVALID_UTF8', 1007],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
]);

function closeCodeOf(error: unknown): number {
  return (error instanceof Error && 'code' in error && CODE_OF_ERROR.get(error.code)) || 1002;
}
