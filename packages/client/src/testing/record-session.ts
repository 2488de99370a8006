import { decodeServerFrames } from '@trunkline/protocol';
import type { WebSocketClass, WebSocketLike } from '../transport.js';
import type { FrameLike, RecordedFrame, Recording } from './recording.js';

/** Made by `recordSession`. */
export interface Recorder {
  /** For `createClient`: goes to the real server, and notes what is said. */
  readonly WebSocket: WebSocketClass;
  /** What was said so far, as JSON; tokens and session ids are not in it. */
  recording(): Recording;
}

interface Said {
  readonly frames: RecordedFrame[];
  closed?: { readonly code: number; readonly reason: string };
}
type Socket = WebSocketLike & { terminate?(): void };

/**
 * Notes what clients and their server say, for `replaySession`. Heartbeats are not noted.
 *
 * @param WebSocket the real one: the browser's, or that of `ws`
 */
export function recordSession(WebSocket: WebSocketClass): Recorder {
  const connections: Said[] = [];

  class RecordedSocket implements Socket {
    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onclose: WebSocketLike['onclose'] = null;
    onerror: WebSocketLike['onerror'] = null;
    readonly terminate?: () => void;
    readonly #said: Said = { frames: [] };
    readonly #socket: Socket;
    #isOurs = false;

    constructor(url: string, protocols: string[]) {
      connections.push(this.#said);
      const socket: Socket = new WebSocket(url, protocols);
      this.#socket = socket;
      socket.onopen = (event: never) => this.onopen?.(event);
      socket.onerror = (event: never) => this.onerror?.(event);
      socket.onmessage = (event: { readonly data: unknown }) => {
        for (const frame of decodeServerFrames(String(event.data)))
          if (frame !== null && frame.type !== 'ping') this.#note('server', { ...frame });
        this.onmessage?.(event as never);
      };
      socket.onclose = (event: { readonly code: number; readonly reason: string }) => {
        if (!this.#isOurs) this.#said.closed = { code: event.code, reason: String(event.reason) };
        this.onclose?.(event as never);
      };
      if (socket.terminate) this.terminate = () => this.#end(() => socket.terminate?.());
    }

    get readyState(): number {
      return this.#socket.readyState;
    }
    send(text: string): void {
      const frame: FrameLike = JSON.parse(text);
      if (frame.type !== 'pong') this.#note('client', frame);
      this.#socket.send(text);
    }
    close(code?: number, reason?: string): void {
      this.#end(() => this.#socket.close(code, reason));
    }
    #end(end: () => void): void {
      this.#isOurs = true;
      end();
    }
    #note(from: 'client' | 'server', { token, session, ...frame }: FrameLike): void {
      const shown = frame.type === 'welcome' ? { ...frame, session: 'recorded' } : frame;
      this.#said.frames.push({ from, frame: shown });
    }
  }
  return { WebSocket: RecordedSocket, recording: () => structuredClone({ connections }) };
}
