import type { IncomingMessage, ServerResponse } from 'node:http';
import { TrunklineError } from '@trunkline/protocol';
import type { CountedConnection, Gateway, Mount, RequestHead, Session } from '@trunkline/server';
import { Server as Engine, type Socket as EngineSocket } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import { Backlog } from './backlog.js';
import { askedOf, type Handshake, readHandshake, readRequest, roomsOf, wordRefusal, wordReply } from './codec.js';
import { EngineWebSockets } from './engine-web-sockets.js';
import { PacketPace } from './packet-pace.js';
import type { ServerMessage } from './schema.js';
import { SocketLink } from './socket-link.js';

export interface MountOptions {
  /** @default Engine.IO's own */
  createSessionId?(): string;
  /** Pages of this origin may poll. */
  mayPoll(origin: string): boolean;
}

/** A socket that is let in. */
interface Opened {
  readonly handshake: Handshake;
  readonly link: SocketLink;
  readonly session: Session;
}

/** How long `connect` waits for the rooms: a client that is connected hears its updates. */
const JOIN_TIMEOUT_MS = 2_000;
/** Of polling; OPTIONS is a browser's preflight. */
const POLLING_METHODS = ['GET', 'POST', 'OPTIONS'];

/**
 * Serves Socket.IO on an engine bound by hand: `io.attach()` takes over the HTTP server and destroys every other
 * dialect's upgrade that is slower than a second.
 */
export function mountActions(gateway: Gateway, { createSessionId, mayPoll }: MountOptions): Mount {
  const { heartbeat, helloTimeoutMs, maxMessageBytes, maxQueueBytes } = gateway.limits;
  const heads = new WeakMap<IncomingMessage, RequestHead>();
  const counted = new WeakMap<IncomingMessage, CountedConnection>();
  const engine = new Engine({
    allowEIO3: true,
    // Asked before each new session. One that is not let in has been answered, and the engine has nothing to add.
    allowRequest: (req, answer) => {
      if (mayBegin(req)) answer(null, true);
    },
    cors: {
      credentials: true,
      origin: (origin, answer) => answer(null, origin !== undefined && mayPoll(origin)),
    },
    maxHttpBufferSize: maxMessageBytes,
    pingInterval: heartbeat.intervalMs,
    pingTimeout: heartbeat.timeoutMs,
    wsEngine: EngineWebSockets,
  });
  if (createSessionId) engine.generateId = () => createSessionId();
  const io = new Server({ connectTimeout: helloTimeoutMs });
  io.bind(engine);

  const opened = new WeakMap<Socket, Opened>();
  const admitting = new WeakSet<object>();

  /** A session of requests is counted like a socket, from its first one until a socket takes its place or it ends. */
  function mayBegin(req: IncomingMessage & { readonly res?: ServerResponse }): boolean {
    const { res } = req;
    const head = heads.get(req);
    if (!head?.admit || !res) return true;
    const connection = head.admit(res);
    if (connection === null) return false;
    heads.set(req, { ...head, admitted: connection.authenticated });
    counted.set(req, connection);
    res.once('close', () => {
      if (counted.has(req)) connection.ended();
    });
    return true;
  }

  const backlogs = new WeakMap<EngineSocket, Backlog>();
  function backlogOf(conn: EngineSocket): Backlog {
    const known = backlogs.get(conn);
    if (known) return known;
    const backlog = new Backlog(conn, maxQueueBytes);
    backlogs.set(conn, backlog);
    return backlog;
  }

  const paces = new WeakMap<EngineSocket, PacketPace>();
  engine.on('connection', (conn: EngineSocket) => {
    backlogOf(conn);
    paces.set(conn, new PacketPace(conn));
    const connection = counted.get(conn.request);
    if (!connection) return;
    counted.delete(conn.request);
    conn.once('upgrade', connection.ended);
    conn.once('close', connection.ended);
  });

  async function admit(socket: Socket): Promise<void> {
    const { conn } = socket;
    if (admitting.has(conn)) throw new TrunklineError('invalid_session', 'Connect once.');
    admitting.add(conn);
    const controller = new AbortController();
    const abort = () => controller.abort();
    conn.once('close', abort);
    try {
      const entry = await open(socket, controller.signal);
      opened.set(socket, entry);
      paces.get(conn)?.opened(entry.session);
      socket.once('disconnect', () => paces.get(conn)?.opened(null));
    } finally {
      conn.removeListener('close', abort);
      admitting.delete(conn);
    }
  }

  async function open(socket: Socket, signal: AbortSignal): Promise<Opened> {
    const head = heads.get(socket.request);
    const address = head?.address ?? socket.handshake.address;
    const handshake = readHandshake(socket.handshake.auth, socket.handshake.query);
    const admission = await gateway.authenticate({ credentials: { address, token: handshake.token } }, signal);
    const rooms = roomsOf(admission.principal, handshake);
    // A connection may be closed before its CONNECT gets here, and then tells no more of it.
    if (signal.aborted || socket.conn.readyState !== 'open')
      throw new TrunklineError('cancelled', 'The client has gone.');
    head?.admitted?.();
    return await joined(rooms.length, (onJoined) => {
      const link = new SocketLink(socket, backlogOf(socket.conn), onJoined);
      const options = {
        address,
        dialect: 'actions',
        heartbeat: 'link',
        rooms: rooms.map((room) => ({ room })),
      } as const;
      return { handshake, link, session: gateway.open(link, admission, options) };
    });
  }

  io.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (error: unknown) => refuse(socket, error, next),
    );
  });

  /** After a `connect_error` the format's client does not come back by itself, after a closed transport it does. */
  function refuse(socket: Socket, error: unknown, next: (error: Error) => void): void {
    if (!(error instanceof TrunklineError)) gateway.logger.error({ err: error }, 'A Socket.IO connection failed.');
    if (!(error instanceof TrunklineError) || error.retryable) {
      socket.conn.close();
      backlogOf(socket.conn).limitClose();
    } else next(Object.assign(new Error(error.message), { data: wordRefusal(error) }));
  }

  io.on('connection', (socket) => {
    const entry = opened.get(socket);
    if (!entry) return;
    entry.link.connected();
    socket.onAny((event: string, ...args: unknown[]) => {
      const acknowledge = args.at(-1);
      const answer = (message: ServerMessage) => {
        entry.link.emit(message);
        if (typeof acknowledge === 'function') acknowledge(message);
      };
      void handle(socket.id, entry, event === 'message' ? args[0] : undefined, answer);
    });
  });

  return {
    upgrade(req, socket, firstBytes, head) {
      heads.set(req, head);
      // An upgrade from polling belongs to a client that is let in or refused already.
      if (head.query.has('sid')) head.admitted?.();
      engine.handleUpgrade(req, socket, firstBytes);
    },
    request(req, res, head) {
      if (!POLLING_METHODS.includes(head.method)) {
        res.writeHead(405, { Allow: POLLING_METHODS.join(', ') }).end();
        return;
      }
      heads.set(req, head);
      engine.handleRequest(req, res);
    },
    async close() {
      await io.close();
    },
  };
}

/** Runs one message; never rejects. */
async function handle(
  socketId: string,
  opened: Opened,
  message: unknown,
  answer: (message: ServerMessage) => void,
): Promise<void> {
  const { handshake, link, session } = opened;
  link.heardAs(typeof message === 'object' && message !== null ? 'object' : 'text');
  const read = readRequest(message);
  if (!read.ok) {
    const reply = await session.handle({ type: 'refused', error: read.error });
    const { requestId } = read.raw;
    const error = reply.type === 'error' ? reply.error : read.error;
    answer({
      type: 'ERROR',
      requestId: typeof requestId === 'string' ? requestId.slice(0, 200) : '',
      error: wordRefusal(error),
    });
    return;
  }
  const asked = askedOf(read.frame, socketId, handshake);
  link.asked(asked);
  const answered = wordReply(await session.handle(asked.command), asked);
  link.answered(asked);
  if (answered) answer(answered);
}

/** Opens, and waits until so many rooms are joined, a while at most. */
function joined(count: number, open: (onJoined: () => void) => Opened): Promise<Opened> {
  return new Promise((resolve) => {
    let left = count;
    const timer = setTimeout(() => resolve(entry), JOIN_TIMEOUT_MS);
    const done = () => {
      clearTimeout(timer);
      resolve(entry);
    };
    const entry = open(() => {
      left--;
      if (left === 0) queueMicrotask(done);
    });
    if (count === 0) done();
  });
}
