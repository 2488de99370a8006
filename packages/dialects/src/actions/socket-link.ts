import { type CloseCode, closeCodeRule } from '@trunkline/protocol';
import type { Gone, Link } from '@trunkline/server';
import type { Socket } from 'socket.io';
import type { Backlog } from './backlog.js';
import { type ActionsFrame, type Asked, actionsEncoder, textOf } from './codec.js';
import { onWebSocket } from './on-web-socket.js';
import type { ServerMessage } from './schema.js';

const MAX_QUEUED_MESSAGES = 1_000;
/** The engine's words for an end that nobody announced. */
const LOST: ReadonlySet<string> = new Set(['ping timeout', 'transport error']);
const ABNORMAL_CLOSURE = 1006;

/** The far end of one Socket.IO socket. What comes before its `connect` waits for it. */
export class SocketLink implements Link<ActionsFrame> {
  readonly encoder = actionsEncoder;
  readonly signal: AbortSignal;
  readonly #socket: Socket;
  /** What waits for its answer. A repeated frame has the id of the one under way, and may be answered, refused, before it. */
  readonly #asked = new Set<Asked>();
  readonly #backlog: Backlog;
  readonly #onJoined: () => void;
  #early: ServerMessage[] | null = [];
  #speaksObjects = false;

  constructor(socket: Socket, backlog: Backlog, onJoined: () => void) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.#socket = socket;
    this.#backlog = backlog;
    this.#onJoined = onJoined;
    const { conn } = socket;
    let isCut = false;
    // Before the engine hears of it, which says `transport close` of a broken network as of a close frame.
    onWebSocket(conn, (webSocket) =>
      webSocket.prependOnceListener('close', (code) => {
        isCut = code === ABNORMAL_CLOSURE;
      }),
    );
    const end = (reason: string) => {
      const clean = !isCut && !LOST.has(reason);
      controller.abort({ code: clean ? 1000 : ABNORMAL_CLOSURE, clean } satisfies Gone);
    };
    // The first tells of who is let in, the second of who is not yet.
    socket.once('disconnect', end);
    conn.once('close', end);
  }

  /** The client has its `connect`: what waited goes out, in order. */
  connected(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const message of early) this.emit(message);
  }

  /** A client is spoken to as it speaks; as text until then, which the format's own clients parse. */
  heardAs(form: 'text' | 'object'): void {
    this.#speaksObjects = form === 'object';
  }

  asked(asked: Asked): void {
    this.#asked.add(asked);
  }

  answered(asked: Asked): void {
    this.#asked.delete(asked);
  }

  send(frame: ActionsFrame): void {
    switch (frame.type) {
      case 'message':
        this.emit(frame.message);
        return;
      case 'progress': {
        const asked = [...this.#asked].find(({ command }) => command.id === frame.ref);
        if (asked) this.emit({ type: 'UPDATE', requestId: asked.requestId, action: asked.action, data: frame.data });
        return;
      }
      case 'joined':
        this.#onJoined();
        return;
    }
  }

  emit(message: ServerMessage): void {
    if (this.#early === null) this.#socket.emit('message', this.#speaksObjects ? message : textOf(message));
    else if (this.#early.length < MAX_QUEUED_MESSAGES) this.#early.push(message);
    // It comes back by itself; let in, it would never know what it has missed.
    else this.#socket.conn.close(true);
  }

  bufferedBytes(): number {
    return this.#backlog.bytes();
  }

  /** A client comes back by itself only after its transport was closed, not after a `disconnect` of its namespace. */
  close(code: CloseCode): void {
    if (closeCodeRule(code).reconnect === 'never') this.#socket.disconnect(true);
    else this.#socket.conn.close();
    this.#backlog.limitClose();
  }

  /** Engine.IO pings by itself and closes what is silent. */
  lastHeardAt(): number {
    return performance.now();
  }
}
