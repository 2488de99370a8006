import type { WebSocketClass, WebSocketLike } from '../transport.js';
import { isAlike } from './is-alike.js';
import type { FrameLike, RecordedConnection, Recording } from './recording.js';
import { roomsOf, scriptOf, stepsOf } from './script.js';

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
 * server comes once every frame of the client that went before it has come, in whatever order, and in a task of its own, as from a
 * socket: who awaited a join or an answer listens before the next one. Ids are those of now; it is one whether a room was asked
 * for in `hello` or by a `join`.
 * What the recording does not have ends the client for good, with close code 4999 and a reason that names it; a
 * connection beyond the last is refused, as by a server that is away. Heartbeats are made up.
 */
export function replaySession(recording: Recording): Replay {
  const script = recording.connections.map(scriptOf);
  const waiting = script.map(({ frames }) => frames.flatMap(({ from, frame }) => (from === 'client' ? [frame] : [])));
  let next = 0;

  class ReplayedSocket implements WebSocketLike {
    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onclose: WebSocketLike['onclose'] = null;
    onerror: WebSocketLike['onerror'] = null;
    readyState = 0;
    readonly #waiting: FrameLike[];
    readonly #recorded: RecordedConnection | undefined;
    readonly #isWelcomed: boolean;
    /** Recorded ids, and what they are now. */
    readonly #ids = new Map<unknown, unknown>();
    /** By which frame each room was asked for now. */
    readonly #askedBy = new Map<unknown, { readonly id: unknown; readonly path?: string }>();
    #at = 0;
    #isPlaying = false;
    #heartbeat: ReturnType<typeof setInterval> | undefined;

    constructor() {
      this.#recorded = script[next];
      this.#waiting = waiting[next] ?? [];
      this.#isWelcomed = this.#recorded?.frames.some(({ frame }) => frame.type === 'welcome') ?? false;
      next += 1;
      queueMicrotask(() => {
        if (this.readyState === CLOSED) return;
        if (this.#recorded === undefined) return this.#closed(NO_MORE_CONNECTIONS, '');
        this.readyState = OPEN;
        this.onopen?.({} as never);
        void this.#play();
      });
    }
    send(text: string): void {
      const frame: FrameLike = JSON.parse(text);
      if (frame.type === 'pong') return;
      for (const [index, { room }] of roomsOf(frame).entries())
        this.#askedBy.set(room, { id: frame.id, ...(frame.type === 'hello' && { path: `rooms.${index}` }) });
      const unknown = stepsOf(frame).filter((step) => !this.#take(step));
      queueMicrotask(() => {
        if (unknown[0]) this.#closed(NOT_RECORDED, reasonOf(unknown[0]));
        else void this.#play();
      });
    }
    /** False where it was not recorded, or has come already. */
    #take(step: FrameLike): boolean {
      const index = this.#waiting.findIndex((recorded) => isAlike(recorded, step, this.#ids));
      const [recorded] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (recorded) this.#ids.set(recorded.id, step.id);
      // Who was never welcomed joined nothing.
      return recorded !== undefined || (step.type === 'join' && !this.#isWelcomed);
    }
    close(code = 1_005, reason = ''): void {
      queueMicrotask(() => this.#closed(code, reason));
    }
    /** What the server said up to the next frame of the client that has not come. */
    async #play(): Promise<void> {
      if (this.#isPlaying) return;
      this.#isPlaying = true;
      const frames = this.#recorded?.frames ?? [];
      for (let entry = frames[this.#at]; entry && this.readyState === OPEN; entry = frames[this.#at]) {
        if (entry.from === 'client' && this.#waiting.includes(entry.frame)) break;
        this.#at += 1;
        if (entry.from === 'client') continue;
        this.#say(entry.frame);
        await nextTask();
      }
      this.#isPlaying = false;
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
        ...((frame.type === 'joined' || frame.type === 'error') && 'id' in frame && this.#askedBy.get(frame.room)),
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

// As it was before a test took the clock in hand.
const { setTimeout } = globalThis;

/** Resolves in another task, whatever the time is: a channel is sooner than a timer, but not every test environment has one. */
function nextTask(): Promise<void> {
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => void setTimeout(resolve, 0));
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** A close reason is 123 bytes at most (RFC 6455, 5.5.1); ours never travels, but whoever reads one knows no longer ones. */
function reasonOf({ id, token, session, ...frame }: FrameLike): string {
  return `not in the recording: ${JSON.stringify(frame)}`.slice(0, 123);
}
