import { vi } from 'vitest';
import { WebSocket } from 'ws';
import { ORIGIN } from './start-server.js';

export interface StubbedSocket {
  /** The URLs asked for, as asked. */
  readonly urls: readonly string[];
  /** Ends every open one as a failing network does. */
  cut(): void;
}

/** The page's WebSocket: what it asks for is at `target`, with the page's origin and cookies. */
export function stubWebSocket(target: (url: URL) => string, cookie = ''): StubbedSocket {
  const urls: string[] = [];
  const open = new Set<WebSocket>();
  class PageSocket extends WebSocket {
    constructor(url: string) {
      super(target(new URL(url)), { headers: { Origin: ORIGIN, Cookie: cookie } });
      urls.push(url);
      open.add(this);
      this.on('error', () => undefined);
    }
  }
  vi.stubGlobal('WebSocket', PageSocket);
  return {
    urls,
    cut() {
      for (const socket of open) socket.terminate();
      open.clear();
    },
  };
}
