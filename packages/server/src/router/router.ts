import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CountedConnection, Dialect, Mount, RequestHead } from '../seams/dialect.js';
import type { Gateway } from '../seams/gateway.js';
import { type AdmissionCounts, type AdmissionLimits, createAdmission } from './admission.js';
import { checkUpgrade } from './check-upgrade.js';
import { problem, refuseRequest, refuseUpgrade } from './http-refusal.js';
import { offersAnother, servePlainly } from './plain-again.js';
import { requestHead, trustOf } from './request-head.js';

export interface RouterOptions extends AdmissionLimits {
  readonly gateway: Gateway;
  /** Exact origins whose pages may connect with a cookie. @default [] */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Proxies whose X-Forwarded-For counts: addresses, CIDR, `loopback`, `linklocal`, `uniquelocal`. @default [] */
  readonly trustedProxies?: readonly string[] | undefined;
}

/** The one place where upgrades are routed, for any number of HTTP servers. */
export interface Router {
  /**
   * Serves dialects on a server: upgrades, and plain requests to their own paths; all else goes to the `request`
   * listeners the server has at this moment. The first dialect that matches wins; a dialect is mounted once however
   * many servers it is attached to. Unless another `upgrade` listener is there, upgrades to unknown paths are answered
   * 404, and a request that offers to go on in HTTP/2 is served as the plain request it is.
   *
   * Lowers the server's `headersTimeout` to 10 s and `requestTimeout` to 30 s. Node looks at them every
   * `connectionsCheckingInterval`, 30 s unless `http.createServer` is given less.
   */
  attach(server: Server, dialects: readonly Dialect[]): void;
  /** From now on every upgrade, and the first request of a connection made of requests, is answered 503 with Retry-After. */
  drain(): void;
  counts(): AdmissionCounts;
  /** Lets go of the servers and closes what the dialects hold. Open connections are the hub's to close, before. */
  close(): Promise<void>;
}

interface Mounted {
  readonly dialect: Dialect;
  readonly mount: Mount;
}
type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

export function createRouter(options: RouterOptions): Router {
  const { gateway } = options;
  const admission = createAdmission(options, gateway.observer);
  const allowedOrigins = new Set(options.allowedOrigins);
  const trust = trustOf(options.trustedProxies ?? []);
  const mounts = new Map<Dialect, Mount>();
  const attached = new Map<Server, Mounted[]>();
  const detachments: (() => void)[] = [];

  function mountOf(dialect: Dialect): Mount {
    const mount = mounts.get(dialect) ?? dialect.mount(gateway);
    mounts.set(dialect, mount);
    return mount;
  }

  function upgrade(
    req: IncomingMessage,
    socket: Duplex,
    firstBytes: Buffer,
    route: { head: RequestHead; mount: Mount },
  ): void {
    const refusal = checkUpgrade(req, route.head, allowedOrigins);
    if (refusal !== null) {
      gateway.observer?.refused?.(`http_${refusal.status}`);
      refuseUpgrade(socket, refusal);
      return;
    }
    const admitted = admission.admit(route.head.address, socket);
    if ('status' in admitted) {
      refuseUpgrade(socket, admitted);
      return;
    }
    // A socket closes once; `once` would keep a wrapper for the life of the connection.
    socket.on('close', admitted.ended);
    route.mount.upgrade?.(req, socket, firstBytes, {
      ...route.head,
      admitted: () => admission.authenticated(socket),
    });
  }

  function admitRequests(address: string, res: ServerResponse): CountedConnection | null {
    const connection = {};
    const admitted = admission.admit(address, connection);
    if ('status' in admitted) {
      refuseRequest(res, admitted);
      return null;
    }
    let hasEnded = false;
    return {
      authenticated: () => admission.authenticated(connection),
      ended() {
        if (!hasEnded) admitted.ended.call(connection);
        hasEnded = true;
      },
    };
  }

  function attach(server: Server, dialects: readonly Dialect[]): void {
    const added = dialects.map((dialect) => ({ dialect, mount: mountOf(dialect) }));
    const before = attached.get(server);
    if (before) before.push(...added);
    else listen(server, added);
  }

  function listen(server: Server, mounted: Mounted[]): void {
    attached.set(server, mounted);
    // A look at it asks the kernel, so it is kept until the server listens anew.
    let port: number | undefined;
    const onListening = (): void => {
      port = undefined;
    };
    const headOf = (req: IncomingMessage): RequestHead => {
      port ??= portOf(server);
      return requestHead(req, { trust, port });
    };
    const find = (head: RequestHead) => mounted.find(({ dialect }) => dialect.match(head))?.mount;

    const onUpgrade = (req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void => {
      // First of all: an error of a socket that nobody listens to ends the process.
      socket.on('error', ignore);
      const head = headOf(req);
      const mount = find(head);
      if (mount?.upgrade) {
        upgrade(req, socket, firstBytes, { head, mount });
      } else if (server.listenerCount('upgrade') === 1) {
        if (offersAnother(req)) {
          socket.removeListener('error', ignore);
          servePlainly(server, req, socket, firstBytes);
        } else refuseUpgrade(socket, problem(404, 'Nothing is served here.'));
      }
    };

    const others = server.listeners('request').filter(isRequestListener);
    const onRequest: RequestListener = (req, res) => {
      const head = headOf(req);
      const mount = find(head);
      if (mount?.request) mount.request(req, res, { ...head, admit: (first) => admitRequests(head.address, first) });
      else if (others.length > 0) for (const listener of others) listener.call(server, req, res);
      else if (server.listenerCount('request') === 1) res.writeHead(404).end();
    };

    server.removeAllListeners('request');
    server.on('request', onRequest);
    server.on('upgrade', onUpgrade);
    server.on('listening', onListening);
    server.headersTimeout = lower(server.headersTimeout, HEADERS_TIMEOUT_MS);
    server.requestTimeout = lower(server.requestTimeout, REQUEST_TIMEOUT_MS);
    detachments.push(() => {
      server.removeListener('request', onRequest);
      server.removeListener('upgrade', onUpgrade);
      server.removeListener('listening', onListening);
      for (const listener of others) server.on('request', listener);
    });
  }

  return {
    attach,
    drain: () => admission.drain(),
    counts: () => admission.counts(),
    async close() {
      admission.drain();
      for (const detach of detachments.splice(0)) detach();
      await Promise.all([...mounts.values()].map((mount) => mount.close()));
      attached.clear();
      mounts.clear();
    },
  };
}

function ignore(): void {}

/** 0 for a Unix socket. */
function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function isRequestListener(listener: unknown): listener is RequestListener {
  return typeof listener === 'function';
}

/** Node's 0 means "for ever". */
function lower(timeoutMs: number, maxMs: number): number {
  return timeoutMs === 0 ? maxMs : Math.min(timeoutMs, maxMs);
}
