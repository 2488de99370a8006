import type { AddressInfo } from 'node:net';
import type { ClientFrame, HelloFrame, Position, ServerFrame, WelcomeFrame } from '@trunkline/protocol';
import { createFrameQueue } from '@trunkline/testkit';
import { type WebSocket, WebSocketServer } from 'ws';

type FrameOf<T extends ClientFrame['type']> = ClientFrame & { readonly type: T };

/** One connection, played by the test. */
interface Peer {
  /** Everything the client sent, oldest first. */
  readonly seen: readonly ClientFrame[];
  next<T extends ClientFrame['type']>(type: T): Promise<FrameOf<T>>;
  send(frame: ServerFrame): void;
  /** Several at once, frames or not, as one message. */
  sendBatch(frames: readonly unknown[]): void;
  /** Takes the hello and answers it. */
  welcome(given?: Partial<WelcomeFrame>): Promise<HelloFrame>;
  joined(
    room: string,
    position: Position,
    more?: { readonly recovered?: boolean; readonly reason?: 'trimmed' | 'epoch_changed'; readonly missed?: number },
  ): void;
  close(code: number, reason?: string): void;
  /** No close frame. */
  terminate(): void;
  readonly closed: Promise<number>;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  /** Connections ever made. */
  readonly count: number;
  connection(): Promise<Peer>;
}

/** So that no silence ends a connection whose time the test moves. */
export const DAILY_HEARTBEAT = { intervalMs: 86_400_000, timeoutMs: 0 };

export const LIMITS = {
  maxMessageBytes: 1_048_576,
  maxRooms: 200,
  maxUnacked: 1_000,
  messagesPerSecond: 200,
  burst: 500,
  dedupeWindowMs: 600_000,
  reconnectSpreadMs: 5,
};
export const POSITION: Position = { epoch: 'e1', offset: 0, lastId: '' };

/** A WebSocket server that says only what the test says. */
export async function startScript(): Promise<ScriptedServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const peers = createFrameQueue<Peer>(() => 'a connection');
  server.on('connection', (socket) => peers.push(createPeer(socket)));
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1/connect`,
    get count() {
      return peers.seen.length;
    },
    connection: () => peers.take(() => true, 'connection'),
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function createPeer(socket: WebSocket): Peer {
  const frames = createFrameQueue<ClientFrame>();
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as ClientFrame));
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code) => {
      frames.end('closed');
      resolve(code);
    });
  });
  const send = (frame: ServerFrame) => socket.send(JSON.stringify(frame));
  const next = <T extends ClientFrame['type']>(type: T) =>
    frames.take((frame) => frame.type === type, type) as Promise<FrameOf<T>>;
  return {
    seen: frames.seen,
    closed,
    next,
    send,
    sendBatch: (batch) => socket.send(JSON.stringify(batch)),
    async welcome(given = {}) {
      const hello = await next('hello');
      send({
        type: 'welcome',
        id: hello.id,
        connectionId: 'c_1',
        session: 's_1',
        userId: 'u1',
        serverTime: Date.now(),
        heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
        limits: LIMITS,
        expiresAt: null,
        ...given,
      });
      return hello;
    },
    joined(room, position, more = {}) {
      send({ type: 'joined', room, position, recovered: false, missed: 0, ...more });
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}
