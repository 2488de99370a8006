import type { IncomingMessage } from 'node:http';
import {
  BEARER_SUBPROTOCOL_PREFIX,
  type ClientFrame,
  createId,
  type ServerFrame,
  SUBPROTOCOL,
} from '@trunkline/protocol';
import { WebSocket } from 'ws';
import { createFrameQueue } from './frame-queue.js';

export interface RawClientOptions {
  /** `ws://…`; a path of `/` or none becomes `/v1/connect`. */
  readonly url: string;
  /** Sent as a `trunkline.bearer.` subprotocol. @default none; give it to `hello` */
  readonly bearer?: string;
  /** Subprotocols. @default ['trunkline.v1'] */
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Answer `ping` frames, which then do not show in the queue. @default true */
  readonly answerPings?: boolean;
}

/** The upgrade was answered with something else than 101. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused';
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  constructor(response: IncomingMessage, body: string) {
    super(`upgrade refused with ${response.statusCode}: ${body.slice(0, 200)}`);
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.body = body;
  }
}

export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;
type HelloOptions = Omit<Extract<ClientFrame, { type: 'hello' }>, 'type' | 'id'>;

/** A `trunkline.v1` client without any cleverness: what the test sends is sent, what arrives is queued from birth. */
export interface RawClient extends AsyncDisposable {
  readonly socket: WebSocket;
  /** Every frame that arrived (pings only with `answerPings: false`). */
  readonly seen: readonly ServerFrame[];
  /** Frames nobody took. */
  readonly pending: readonly ServerFrame[];
  send(frame: ClientFrame): void;
  /** Sends any text, valid or not. */
  sendText(text: string): void;
  /** The oldest frame not taken yet. */
  next(timeoutMs?: number): Promise<ServerFrame>;
  /** The oldest frame of a type; frames before it stay queued. */
  nextOf<T extends ServerFrame['type']>(type: T, timeoutMs?: number): Promise<FrameOf<T>>;
  /** The oldest frame that matches. */
  nextWhere(matches: (frame: ServerFrame) => boolean, what: string, timeoutMs?: number): Promise<ServerFrame>;
  /** Says hello and resolves with the welcome. */
  hello(options?: HelloOptions): Promise<FrameOf<'welcome'>>;
  /** Joins and resolves with the room's `joined`; rejects with the error frame's code. */
  join(
    room: string,
    options?: Omit<Extract<ClientFrame, { type: 'join' }>, 'type' | 'id' | 'room'>,
  ): Promise<FrameOf<'joined'>>;
  /** Publishes and resolves with the ack; rejects with the error frame's code. */
  publish(room: string, event: string, data: unknown, id?: string): Promise<FrameOf<'ack'>>;
  /** How the socket ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Closes with 1000 and resolves when closed. */
  close(): Promise<void>;
  /** Drops the TCP connection without a close frame. */
  terminate(): void;
}

/** @throws {UpgradeRefused} when the server answers anything but 101 */
export async function connectRaw(options: RawClientOptions): Promise<RawClient> {
  const { bearer, protocols = [SUBPROTOCOL], headers = {}, answerPings = true } = options;
  const url = new URL(options.url);
  if (url.pathname === '/') url.pathname = '/v1/connect';
  const offered = bearer === undefined ? [...protocols] : [...protocols, BEARER_SUBPROTOCOL_PREFIX + bearer];
  const socket = new WebSocket(url, offered, { headers });
  const queue = createFrameQueue<ServerFrame>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      queue.end(`the socket closed with ${code} ${reason}`);
      resolve({ code, reason: reason.toString() });
    });
  });
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as ServerFrame;
    if (answerPings && frame.type === 'ping') socket.send('{"type":"pong"}');
    else queue.push(frame);
  });
  await opened(socket);

  const send = (frame: ClientFrame): void => socket.send(JSON.stringify(frame));
  const answerTo = async (id: string, type: ServerFrame['type']): Promise<ServerFrame> => {
    const frame = await queue.take(
      (one) => 'id' in one && one.id === id && (one.type === type || one.type === 'error'),
      type,
    );
    if (frame.type === 'error')
      throw Object.assign(new Error(`${frame.code}: ${frame.message}`), { code: frame.code, frame });
    return frame;
  };
  const client: RawClient = {
    socket,
    seen: queue.seen,
    pending: queue.pending,
    closed,
    send,
    sendText: (text) => socket.send(text),
    next: (timeoutMs) => queue.take(() => true, 'frame', timeoutMs),
    nextOf: async <T extends ServerFrame['type']>(type: T, timeoutMs?: number) =>
      (await queue.take((frame) => frame.type === type, `${type} frame`, timeoutMs)) as FrameOf<T>,
    nextWhere: (matches, what, timeoutMs) => queue.take(matches, what, timeoutMs),
    async hello(hello = {}) {
      const id = createId();
      send({ type: 'hello', id, ...hello });
      return (await answerTo(id, 'welcome')) as FrameOf<'welcome'>;
    },
    async join(room, join = {}) {
      const id = createId();
      send({ type: 'join', id, room, ...join });
      return (await answerTo(id, 'joined')) as FrameOf<'joined'>;
    },
    async publish(room, event, data, id = createId()) {
      send({ type: 'publish', id, room, event, data });
      return (await answerTo(id, 'ack')) as FrameOf<'ack'>;
    },
    async close() {
      socket.close(1000);
      await closed;
    },
    terminate: () => socket.terminate(),
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed;
    },
  };
  return client;
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => reject(new UpgradeRefused(response, body)));
    });
  });
}
