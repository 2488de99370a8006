import { existsSync } from 'node:fs';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import serveStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { isOriginAllowed, type OriginPolicy } from './allowed-origin.js';

/** What browsers are told: which other origins may call the HTTP API, and what a page of ours may load. */
export async function useBrowserPolicy(app: FastifyInstance, policy: OriginPolicy): Promise<void> {
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && isOriginAllowed(policy, origin)),
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key'],
    maxAge: 600,
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        // Not every browser counts ws: as 'self'.
        connectSrc: ["'self'", (request) => ownSockets(request.headers.host)],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        // Component libraries set styles from scripts.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    // Browsers ignore it over http, and a development host must not be pinned to https.
    strictTransportSecurity: policy.production ? { maxAge: 15_552_000 } : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}

const HOST = /^[A-Za-z0-9.[\]:-]{1,255}$/;

function ownSockets(host: string | undefined): string {
  return host !== undefined && HOST.test(host) ? `ws://${host} wss://${host}` : "'self'";
}

/** A built page below `path`. Its assets carry a hash in their name and may be kept; the page itself may not. */
export async function usePage(app: FastifyInstance, path: '/' | '/admin/', directory?: string): Promise<void> {
  if (directory === undefined || !existsSync(directory)) return;
  if (path !== '/') app.get(path.slice(0, -1), { schema: { hide: true } }, (_, reply) => reply.redirect(path, 308));
  await app.register(serveStatic, {
    root: directory,
    prefix: path,
    decorateReply: false,
    cacheControl: false,
    wildcard: false,
    schemaHide: true,
    setHeaders: (response, path) => {
      response.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
