import type { Duplex } from 'node:stream';
import { TrunklineError } from '@trunkline/protocol';
import Fastify, { type FastifyBaseLogger, type FastifyError, LogController } from 'fastify';
import { adminRoutes } from '../admin/admin-routes.js';
import type { ApiContext } from './api-context.js';
import { eventRoutes } from './event-routes.js';
import { healthRoutes } from './health-routes.js';
import { useStrictJson } from './json-body.js';
import { loginRoutes } from './login-routes.js';
import { trackMethods } from './method-not-allowed.js';
import { refuseSecondHost } from './one-host.js';
import { useOpenApi } from './openapi.js';
import { operatorRoutes } from './operator-routes.js';
import { useBrowserPolicy, usePage } from './pages.js';
import { presenceRoutes } from './presence-routes.js';
import { asTrunklineError, problemOf, sendProblem } from './problem.js';
import { relationRoutes } from './relation-routes.js';
import { sessionRoutes } from './session-routes.js';
import { tokenRoutes } from './token-routes.js';
import { type Api, useZodSchemas, type ZodTypeProvider } from './zod-schemas.js';

/** Room for what surrounds an event's data in a body. */
const ENVELOPE_BYTES = 4_096;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;

/** The HTTP side of the main port, not yet listening. */
export async function createApi(context: ApiContext, logger: FastifyBaseLogger): Promise<Api> {
  const app = createBareApi(context, logger);
  const refuseOtherMethods = trackMethods(app);
  await useBrowserPolicy(app, context);
  await useOpenApi(app);
  healthRoutes(app, context);
  if (context.accounts) {
    await app.register(tokenRoutes(context.accounts));
    loginRoutes(app, context.accounts);
  }
  eventRoutes(app, context);
  presenceRoutes(app, context);
  relationRoutes(app, context);
  sessionRoutes(app, context);
  operatorRoutes(app, context);
  if (context.admin) adminRoutes(app, { ...context, admin: context.admin });
  await usePage(app, '/', context.pagesDirectory);
  await usePage(app, '/admin/', context.admin?.directory);
  refuseOtherMethods();
  return app;
}

/** A listener of one dialect: its login endpoints, and nothing else of ours. */
export async function createDialectApi(dialect: string, context: ApiContext, logger: FastifyBaseLogger): Promise<Api> {
  const app = createBareApi(context, logger);
  const refuseOtherMethods = trackMethods(app);
  await useBrowserPolicy(app, context);
  if (dialect === 'shipvox' && context.accounts) await app.register(tokenRoutes(context.accounts));
  if (dialect === 'booking' && context.accounts) loginRoutes(app, context.accounts);
  if (dialect === 'falcon') operatorRoutes(app, context);
  refuseOtherMethods();
  return app;
}

function createBareApi({ maxMessageBytes, trustedProxies }: ApiContext, logger: FastifyBaseLogger): Api {
  const app = Fastify({
    bodyLimit: maxMessageBytes + ENVELOPE_BYTES,
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, _, reply) => sendProblem(reply, asTrunklineError(error)),
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    loggerInstance: logger,
    // Its own request lines carry the URL, and with it a token.
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: 1_024 },
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    return503OnClosing: false,
  }).withTypeProvider<ZodTypeProvider>();
  refuseSecondHost(app);
  app.removeContentTypeParser('text/plain');
  useStrictJson(app);
  useZodSchemas(app);
  app.decorateRequest('principal', null);
  app.setErrorHandler<FastifyError | TrunklineError>((error, request, reply) => {
    const refusal = asTrunklineError(error);
    if (refusal.code === 'internal')
      request.log.error({ err: error, route: request.routeOptions.url }, 'A request failed');
    return sendProblem(reply, refusal);
  });
  app.setNotFoundHandler((_, reply) =>
    sendProblem(reply, new TrunklineError('not_found', 'There is nothing at this path; see /openapi.json.')),
  );
  return app;
}

/** Bytes that are not HTTP never reach a route. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable) return;
  const problem = problemOf(new TrunklineError('malformed', 'This is not a readable HTTP request.'));
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  const body = JSON.stringify({ ...problem, status: Number(status.slice(0, 3)), title: status.slice(4) });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
