import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gateway } from './gateway.js';

/** What the peer said before its first frame. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The peer, behind trusted proxies the one they name. */
  readonly address: string;
  /** Subprotocols offered, in order, as sent. */
  readonly protocols: readonly string[];
  /** The port it came to, for listeners bound to one dialect. */
  readonly port: number;
  /** The router's: to be called once authenticated, so that the connection stops counting as unauthenticated. */
  readonly admitted?: () => void;
  /**
   * The router's, on plain requests: lets a connection in that is made of them, and counts it like a socket. To be called
   * for its first request. @returns null: there is no room, and the request has been answered so
   */
  readonly admit?: (res: ServerResponse) => CountedConnection | null;
}

/** A connection without a socket of its own, counted until it ends. Each may be called more than once. */
export interface CountedConnection {
  authenticated(): void;
  ended(): void;
}

/** One way of speaking to the server: where it listens and how it words things. The canonical protocol is one, without privilege. */
export interface Dialect {
  readonly name: string;
  /** True when the request's path is this dialect's, for upgrades and plain requests. Cheap, never throws. */
  match(head: RequestHead): boolean;
  /** Once per hub. */
  mount(gateway: Gateway): Mount;
}

/** A mounted dialect. The router calls `upgrade` after the socket has its error listener and the cheap refusals are done. */
export interface Mount {
  upgrade?(req: IncomingMessage, socket: Duplex, head: Buffer, request: RequestHead): void;
  request?(req: IncomingMessage, res: ServerResponse, request: RequestHead): void;
  /** Closes what the dialect itself holds; its connections are closed by the hub first. */
  close(): Promise<void>;
}
