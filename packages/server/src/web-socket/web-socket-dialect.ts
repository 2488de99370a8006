import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { TrunklineError } from '@trunkline/protocol';
import { problem, refuseRequest, refuseUpgrade } from '../router/http-refusal.js';
import type { Dialect, Mount, RequestHead } from '../seams/dialect.js';
import type { Admission, Gateway, Greeting } from '../seams/gateway.js';
import { createFrameEncoder, createFrameSharer } from './frame-encoder.js';
import { FrameReader } from './frame-reader.js';
import { createOutbox } from './outbox.js';
import { Peer, type PeerContext } from './peer.js';
import { WebSocketLink } from './web-socket-link.js';
import type { WebSocketDialectOptions } from './web-socket-options.js';
import { createPeerServer } from './web-socket-server.js';

/** A dialect from a codec: upgrades, refusals, hello, frames and closes for any ordinary format over one WebSocket. */
export function webSocketDialect(options: WebSocketDialectOptions): Dialect {
  const { endpoints = {}, name, paths } = options;
  const served = new Set([...paths, ...Object.keys(endpoints)]);
  return {
    name,
    match: (head) => served.has(head.path),
    mount: (gateway) => mount(options, gateway),
  };
}

interface UpgradeRequest {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  /** What came with the request. */
  readonly firstBytes: Buffer;
  readonly head: RequestHead;
}

function mount(options: WebSocketDialectOptions, gateway: Gateway): Mount {
  const { codec, deflate = false, heartbeat = 'notice', name } = options;
  const endpoints = new Map(Object.entries(options.endpoints ?? {}));
  const maxPayloadBytes = options.maxPayloadBytes ?? gateway.limits.maxMessageBytes;
  const outbox = createOutbox(gateway.observer, gateway.limits.maxQueueBytes);
  const encoder = createFrameEncoder(codec);
  const frames = createFrameSharer();
  const reader = new FrameReader(maxPayloadBytes);
  const unopened = new Set<Peer>();
  const context: PeerContext = { dialect: name, encoder, gateway, heartbeat, unopened };
  const server = createPeerServer({
    deflate,
    maxPayloadBytes,
    subprotocol: options.subprotocol ?? name,
  });

  /** Completes the handshake; `then` comes in the same turn, before anything the peer sends. */
  function complete(request: UpgradeRequest, then: (peer: Peer) => void): void {
    const { req, socket, firstBytes, head } = request;
    server.handleUpgrade(req, socket, firstBytes, (ws) => {
      const conversation = codec.open(head);
      const own = conversation.encoder;
      const link = new WebSocketLink({
        ws,
        socket,
        encoder: own ? frames.for(own) : encoder,
        outbox,
        closeCode: options.closeCode,
      });
      const peer = new Peer(context, { link, conversation, head });
      ws.peer = peer;
      reader.attach(ws, socket);
      then(peer);
    });
  }

  async function answer(request: UpgradeRequest): Promise<void> {
    const { head, socket } = request;
    let then: (peer: Peer) => void = () => {};
    try {
      const greeting = codec.greet(head);
      if (greeting !== null) {
        const admission = await authenticate(gateway, greeting, socket);
        then = (peer) => peer.open(admission);
      }
    } catch (error) {
      const refusal = options.refuse(toTrunklineError(error, gateway), head);
      if ('status' in refusal) {
        refuseUpgrade(socket, refusal);
        return;
      }
      then = (peer) => peer.end(refusal);
    }
    complete(request, then);
  }

  return {
    upgrade(req, socket, firstBytes, head) {
      if (!options.paths.includes(head.path)) {
        refuseUpgrade(socket, { status: 404, body: 'Not Found' });
        return;
      }
      answer({ req, socket, firstBytes, head }).catch((error: unknown) => {
        gateway.logger.error({ err: error, dialect: name }, 'An upgrade failed.');
        socket.destroy();
      });
    },
    request(req, res, head) {
      const endpoint = endpoints.get(head.path);
      if (endpoint) endpoint(gateway, req, res, head);
      else refusePlain(req, res);
    },
    async close() {
      server.close();
      for (const peer of unopened) peer.end({ code: 1012 });
    },
  };
}

/** A WebSocket's path, asked for in plain HTTP. */
function refusePlain(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'GET') {
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    refuseRequest(res, problem(426, 'This path speaks WebSocket.', upgrade));
  } else {
    refuseRequest(res, problem(405, 'A WebSocket is opened with GET.', { Allow: 'GET' }));
  }
}

/** Authenticates before the upgrade; ends with the socket and with the time a hello may take. */
async function authenticate(gateway: Gateway, greeting: Greeting, socket: Duplex): Promise<Admission> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  socket.once('close', abort);
  socket.once('end', abort);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TrunklineError('unavailable', 'Authentication took too long; try again.'));
      abort();
    }, gateway.limits.helloTimeoutMs);
  });
  try {
    return await Promise.race([gateway.authenticate(greeting, controller.signal), expired]);
  } finally {
    clearTimeout(timer);
    socket.removeListener('close', abort);
    socket.removeListener('end', abort);
  }
}

function toTrunklineError(error: unknown, gateway: Gateway): TrunklineError {
  if (error instanceof TrunklineError) return error;
  gateway.logger.error({ err: error }, 'An upgrade failed.');
  return new TrunklineError('internal', 'The server failed; try again.', { cause: error });
}
