import { decodeServerFrames, type ServerFrame } from '@trunkline/protocol';
import type { Cause } from './connection-state.js';

/** What we use of a WebSocket; browsers', `ws`, Bun's, Deno's and React Native's all have it. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;

/** A frame to send; JSON leaves out what is undefined. */
export type Outgoing = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Transport {
  send(frame: Outgoing): void;
  /** Ends it now; nothing is told any more. `dead`: don't wait for a peer that can't answer. */
  close(code: number, dead?: boolean): void;
}

export interface TransportEvents {
  opened(): void;
  /** null: a message that is no frame; still a sign of life. */
  received(frame: ServerFrame | null): void;
  /** A frame that lacks what it should have. */
  failed(error: unknown): void;
  /** Once, unless we closed it. */
  closed(cause: Cause): void;
}

/** One socket and the encoding on it; knows nothing of states, retries or rooms. */
export function openTransport(socket: WebSocketLike & { terminate?(): void }, events: TransportEvents): Transport {
  const open = 1;
  const closed = 3;
  const farewellMs = 1_000;
  socket.onopen = events.opened;
  socket.onmessage = ({ data }: { data: unknown }) => {
    for (const frame of decodeServerFrames(String(data))) {
      // Unless what came before it in the batch ended the connection; and no frame costs those after it.
      try {
        if (socket.onmessage) events.received(frame);
      } catch (error) {
        events.failed(error);
      }
    }
  };
  socket.onclose = ({ code, reason }: { code?: number; reason?: string }) =>
    events.closed({ code: code || 1006, reason: reason ?? '' });
  // The close that follows says it; without a listener `ws` would crash the process.
  socket.onerror = () => {};
  return {
    send(frame) {
      if (socket.readyState === open) socket.send(JSON.stringify(frame));
    },
    close(code, dead) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      if (socket.readyState === closed) return;
      // `ws` would wait half a minute for a peer that never answers, and the process with it.
      const timer = setTimeout(() => socket.terminate?.(), dead ? 0 : farewellMs);
      socket.onclose = () => clearTimeout(timer);
      if (!dead || !socket.terminate) socket.close(code);
    },
  };
}
