import { mkdirSync } from 'node:fs';
import { createServer, maxHeaderSize, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dialect, Logger, Mount, RequestHead } from '@trunkline/server';
import { forwardRequest } from './forward-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import { readForwarded } from './forwarded-head.js';
import { nameSession, workerOfSession } from './session-name.js';

export interface NeighboursOptions {
  /** Of the primary, private and the same for all workers. */
  readonly directory: string;
  /** This worker's, as in `session-name.ts`. */
  readonly id: string;
  readonly logger: Logger;
}

/**
 * The other workers behind the same ports. Connections come to any of them, while a session of several requests lives in
 * one: what names a session in `sid` is carried there, over a Unix socket that each worker has for each shared dialect.
 */
export interface Neighbours {
  /** For a new session: tells that it is this worker's. */
  createSessionId(): string;
  /** The same dialect, for the sessions of every worker. To be called in the same order in all of them. */
  share(dialect: Dialect): Dialect;
  /** Resolves once this worker carries nothing for the others, or after so long. Never rejects. */
  idle(timeoutMs: number): Promise<void>;
}

const POLL_MS = 50;
/** All else that names a session is the same in every worker: a preflight, a refusal of the method. */
const CARRIED_METHODS = ['GET', 'POST'];

export function createNeighbours({ directory, id, logger }: NeighboursOptions): Neighbours {
  let shared = 0;
  /** Answers and sockets of clients whose session another worker has. */
  const carried = new Set<Duplex | ServerResponse>();
  mkdirSync(join(directory, id));

  function share(dialect: Dialect): Dialect {
    const name = String(shared++);
    return {
      name: dialect.name,
      match: (head) => dialect.match(head),
      mount: (gateway) => shareMount(dialect.mount(gateway), name),
    };
  }

  function shareMount(own: Mount, name: string): Mount {
    const server = serve(own);
    server.on('error', (error) => logger.error({ err: error }, 'other workers can not reach the sessions of this one'));
    // Not exclusive, it would be the primary's to accept.
    server.listen({ exclusive: true, path: join(directory, id, name) });

    /** The socket of the neighbour that has the session; null: it is this worker's to answer. */
    function pathFor({ method, query }: RequestHead): string | null {
      const worker = workerOfSession(query.get('sid'));
      if (worker === null || worker === id || !CARRIED_METHODS.includes(method)) return null;
      return join(directory, worker, name);
    }

    return {
      request(req, res, head) {
        const path = pathFor(head);
        const onGone = () => own.request?.(req, res, head);
        if (path === null) {
          onGone();
          return;
        }
        carry(res);
        forwardRequest(req, res, { path, head, onGone });
      },
      upgrade(req, socket, firstBytes, head) {
        const path = pathFor(head);
        const onGone = () => own.upgrade?.(req, socket, firstBytes, head);
        if (path === null) {
          onGone();
          return;
        }
        carry(socket);
        // The session was let in or refused where it began; here the socket counts for its address, as long as it lasts.
        head.admitted?.();
        forwardUpgrade(req, socket, firstBytes, { path, head, onGone });
      },
      async close() {
        server.close();
        server.closeAllConnections();
        // What was not over within its time: the listeners would wait for it.
        for (const stream of carried) stream.destroy();
        await own.close();
      },
    };
  }

  function carry(stream: Duplex | ServerResponse): void {
    carried.add(stream);
    stream.once('close', () => carried.delete(stream));
  }

  return {
    createSessionId: () => nameSession(id),
    share,
    async idle(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      while (carried.size > 0 && performance.now() < deadline) await delay(POLL_MS);
    },
  };
}

/** Answers the neighbours. Never forwards: who asks here was told so by the session's name. */
function serve(own: Mount): Server {
  // A head that just fitted has grown by who sent it.
  const server = createServer({ maxHeaderSize: 2 * maxHeaderSize }, (req, res) =>
    own.request?.(req, res, readForwarded(req)),
  );
  server.on('upgrade', (req, socket, firstBytes) => {
    // Nobody else may listen, and an error unheard ends the process.
    socket.on('error', () => undefined);
    own.upgrade?.(req, socket, firstBytes, readForwarded(req));
  });
  return server;
}
