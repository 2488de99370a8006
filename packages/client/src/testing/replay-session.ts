import type { WebSocketClass, WebSocketLike } from '../transport.js';
import { isAlike } from './is-alike.js';
import type { FrameLike, RecordedConnection, Recording } from './recording.js';

/** Made by `replaySession`. */
export interface Replay {
  /** For `createClient`, with any `url`: nothing leaves the process. */
  readonly WebSocket: WebSocketClass;
  /** The client's frames of the recording that have not come yet, ids left out; empty when all was done. */
  pending(): readonly FrameLike[];
}

/** Final, so that a test fails at once; what was said that is not in the recording stands in the reason. */
const NOT_RECORDED = 4_999;
const NO_MORE_CONNECTIONS = 1_006;
const OPEN = 1;
const CLOSED = 3;

/**
 * Plays the server's part of a recording: its n-th socket to the client's n-th, without a server and without waiting. A frame of the
 * server comes once every frame of the client that went before it has come, in whatever order; ids are those of now.
 * What the recording does not have ends the client for good, with close code 4999 and a reason that names it; a
 * connection beyond the last is refused, as by a server that is away. Heartbeats are made up.
 */
export function replaySession(recording: Recording): Replay {
  const waiting = recording.connections.map(({ frames }) =>
    frames.flatMap(({ from, frame }) => (from === 'client' ? [frame] : [])),
  );
  let next = 0;

  class ReplayedSocket implements WebSocketLike {
    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onclose: WebSocketLike['onclose'] = null;
    onerror: WebSocketLike['onerror'] = null;
    readyState = 0;
    readonly #waiting: FrameLike[];
    readonly #recorded: RecordedConnection | undefined;
    /** Recorded ids, and what they are now. */
    readonly #ids = new Map<unknown, unknown>();
    #at = 0;
    #heartbeat: ReturnType<typeof setInterval> | undefined;

    constructor() {
      this.#recorded = recording.connections[next];
      this.#waiting = waiting[next] ?? [];
      next += 1;
      queueMicrotask(() => {
        if (this.readyState === CLOSED) return;
        if (this.#recorded === undefined) return this.#closed(NO_MORE_CONNECTIONS, '');
        this.readyState = OPEN;
        this.onopen?.({} as never);
        this.#play();
      });
    }
    send(text: string): void {
      const frame: FrameLike = JSON.parse(text);
      if (frame.type === 'pong') return;
      const index = this.#waiting.findIndex((recorded) => isAlike(recorded, frame, this.#ids));
      const [recorded] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (recorded) this.#ids.set(recorded.id, frame.id);
      queueMicrotask(() => {
        if (recorded) this.#play();
        else this.#closed(NOT_RECORDED, reasonOf(frame));
      });
    }
    close(code = 1_005, reason = ''): void {
      queueMicrotask(() => this.#closed(code, reason));
    }
    /** What the server said up to the next frame of the client that has not come. */
    #play(): void {
      const frames = this.#recorded?.frames ?? [];
      for (let entry = frames[this.#at]; entry && this.readyState === OPEN; entry = frames[this.#at]) {
        if (entry.from === 'client' && this.#waiting.includes(entry.frame)) return;
        this.#at += 1;
        if (entry.from === 'server') this.#say(entry.frame);
      }
      const closed = this.#recorded?.closed;
      if (closed && this.#at === frames.length) this.#closed(closed.code, closed.reason);
    }
    #say(frame: FrameLike): void {
      const { heartbeat } = frame as { heartbeat?: { readonly intervalMs: number } };
      if (heartbeat) this.#heartbeat = setInterval(() => this.#say({ type: 'ping' }), heartbeat.intervalMs);
      const now = (id: unknown) => this.#ids.get(id) ?? id;
      const current = {
        ...frame,
        ...('id' in frame && { id: now(frame.id) }),
        ...('ref' in frame && { ref: now(frame.ref) }),
      };
      this.onmessage?.({ data: JSON.stringify(current) } as never);
    }
    #closed(code: number, reason: string): void {
      if (this.readyState === CLOSED) return;
      this.readyState = CLOSED;
      clearInterval(this.#heartbeat);
      this.onclose?.({ code, reason } as never);
    }
  }
  return { WebSocket: ReplayedSocket, pending: () => waiting.flat().map(({ id, ...frame }) => frame as FrameLike) };
}

/** A close reason is 123 bytes at most (RFC 6455, 5.5.1); ours never travels, but whoever reads one knows no longer ones. */
function reasonOf({ id, token, session, ...frame }: FrameLike): string {
  return `not in the recording: ${JSON.stringify(frame)}`.slice(0, 123);
}
