/** What a plain WebSocket is doing, reconnects included. */
export type PlainSocketState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface PlainSocket {
  readonly state: PlainSocketState;
  /** Waits in the outbox while there is no connection. */
  send(text: string): void;
  /** Drops what is there and connects anew: nobody answers. */
  restart(): void;
  close(): void;
}

export interface PlainSocketOptions {
  readonly url: string;
  /** What waits to be sent; it outlives this socket. */
  readonly outbox: Outbox;
  readonly changed: (state: PlainSocketState) => void;
  readonly received: (text: string) => void;
  /** The socket is open; what is sent here goes before what waited. */
  readonly opened?: (sendNow: (text: string) => void) => void;
}

/** Texts that wait for a connection, at most 1 000: the oldest go first. */
export interface Outbox {
  add(text: string): void;
  /** Takes everything out. */
  take(): readonly string[];
}

const MAX_WAITING = 1_000;
const BASE_MS = 500;
const CAP_MS = 30_000;
const STABLE_MS = 5_000;
/** The server will not have us: a new token, or nothing. */
const POLICY_VIOLATION = 1_008;

export function createOutbox(): Outbox {
  let waiting: string[] = [];
  return {
    add(text) {
      waiting = [...waiting.slice(1 - MAX_WAITING), text];
    },
    take() {
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };
}

/** A native WebSocket that comes back by itself, for formats that know nothing of resuming. */
export function openPlainSocket({ url, outbox, changed, received, opened }: PlainSocketOptions): PlainSocket {
  let state: PlainSocketState = 'connecting';
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let socket = connect();

  function move(next: PlainSocketState): void {
    state = next;
    changed(next);
  }

  function connect(): WebSocket {
    const mine = new WebSocket(url);
    let openedAt = Number.POSITIVE_INFINITY;
    mine.onopen = () => {
      openedAt = Date.now();
      opened?.((text) => mine.send(text));
      for (const text of outbox.take()) mine.send(text);
      move('open');
    };
    mine.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') received(data);
    };
    mine.onclose = ({ code }) => {
      if (state === 'closed' || mine !== socket) return;
      if (code === POLICY_VIOLATION || (code >= 4_500 && code < 5_000)) return move('closed');
      failures = Date.now() - openedAt >= STABLE_MS ? 0 : failures + 1;
      move('waiting');
      retry = setTimeout(again, Math.random() * Math.min(CAP_MS, BASE_MS * 2 ** failures));
    };
    return mine;
  }
  function again(): void {
    clearTimeout(retry);
    if (state !== 'waiting') return;
    move('connecting');
    socket = connect();
  }
  globalThis.addEventListener?.('online', again);

  return {
    get state() {
      return state;
    },
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
      else outbox.add(text);
    },
    restart() {
      const dead = socket;
      if (state === 'closed') return;
      move('waiting');
      again();
      dead.close();
    },
    close() {
      globalThis.removeEventListener?.('online', again);
      clearTimeout(retry);
      move('closed');
      socket.close(1_000);
    },
  };
}
