import { createHub, createTickets, type Dialect, type Hub, isLoopback, withTickets } from '@trunkline/server';
import type { Logger as PinoLogger } from 'pino';
import { createLoginLimiter } from '../accounts/login-limiter.js';
import { createActionWebhook } from '../actions/action-webhook.js';
import { createNodeBoard } from '../admin/node-board.js';
import type { Neighbours } from '../cluster/neighbours.js';
import { createMetricsReader } from '../cluster/shared-metrics.js';
import { loadContract } from '../config/contract-file.js';
import type { Configuration } from '../config/read-configuration.js';
import type { ApiContext } from '../http/api-context.js';
import { createGuard } from '../http/bearer.js';
import { createApi, createDialectApi } from '../http/create-api.js';
import type { Api } from '../http/zod-schemas.js';
import { createFiguresReader } from '../observability/figures.js';
import { createMetrics } from '../observability/metrics.js';
import { reachableUrl } from './announce.js';
import { type Backend, createBackend } from './backend.js';
import { documentedDialect, mainDialects } from './dialects.js';
import { createIdentity, type Identity } from './identity.js';
import { listen } from './listen.js';
import { readinessOf } from './readiness.js';

export interface ServerOptions {
  readonly configuration: Configuration;
  readonly logger: PinoLogger;
  /** The other workers, of which this is one. */
  readonly neighbours?: Neighbours | undefined;
  /** The playground's built files. */
  readonly pagesDirectory?: string;
  /** The dashboard's. */
  readonly adminDirectory?: string;
}

export interface RunningServer {
  /** The main listener, as this machine reaches it. */
  readonly url: string;
  /** Ports in the order of LISTEN. */
  readonly dialectPorts: readonly number[];
  readonly hub: Hub;
  readonly identity: Identity;
  /** Sends every connection away in its slot, then ends. `outbox`: events that were never appended. */
  drain(): Promise<{ readonly outbox: number }>;
  close(): Promise<void>;
}

/** @throws {ConfigurationError} for what only shows when it is tried: a taken port, an unreadable file, a refused password */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { configuration, logger, neighbours } = options;
  const contract = await loadContract(configuration.contractFile);
  const metrics = createMetrics();
  const backend = createBackend(configuration, { logger, observer: metrics.observer });
  const identity = await createIdentity(configuration, createLoginLimiter(backend.limiterStore));
  const tickets = createTickets(backend.ticketStore);
  const { actions, limits } = configuration;
  const hub: Hub = createHub({
    ...backend.seams,
    contract,
    authenticator: withTickets(identity.authenticator, tickets),
    allowedOrigins: cookieOrigins(configuration),
    limits,
    logger,
    observer: metrics.observer,
    trustedProxies: configuration.trustedProxies,
    ...(identity.accounts ? { accounts: identity.accounts } : {}),
    ...(actions
      ? {
          forwardAction: createActionWebhook({
            ...actions,
            timeoutMs: limits.actionTimeoutMs,
            maxBytes: limits.maxMessageBytes,
          }),
        }
      : {}),
    heartbeat: configuration.heartbeat,
    ...(configuration.sessionSecret === undefined ? {} : { sessionSecret: configuration.sessionSecret }),
  });
  if (!actions && !configuration.production && Object.hasOwn(contract.actions, 'echo'))
    hub.handle('echo', (input) => input);

  const state = { isListening: false, isDraining: false, wasForeignHeard: false };
  const readiness = () => {
    // Asked for until it is so: later a slow Redis must not take every node out at once.
    state.wasForeignHeard ||= backend.isForeignHeard();
    return readinessOf({
      hubStatus: () => hub.status(),
      isListening: () => state.isListening,
      isDraining: () => state.isDraining,
      isForeignHeard: () => state.wasForeignHeard,
      foreignForbidden: backend.foreignForbidden,
      readyWhenDegraded: configuration.readyWhenDegraded,
    });
  };
  metrics.watch({ ready: () => readiness().ready, hub });

  const board = createNodeBoard({
    nodeId: hub.status().nodeId,
    readiness,
    figures: createFiguresReader(metrics.registry),
    ...(backend.redis ? { redis: backend.redis } : {}),
  });

  const context: ApiContext = {
    hub,
    // Tickets are for sockets: here the header keeps a token out of every log.
    guard: createGuard({ authenticate: (token) => hub.authenticate(token) }),
    tickets,
    admin: {
      rows: () => board.rows(),
      ...(options.adminDirectory === undefined ? {} : { directory: options.adminDirectory }),
    },
    metrics: createMetricsReader(metrics.registry),
    readiness,
    production: configuration.production,
    allowedOrigins: configuration.allowedOrigins,
    trustedProxies: configuration.trustedProxies,
    maxMessageBytes: limits.maxMessageBytes,
    ...(identity.accounts ? { accounts: identity.accounts } : {}),
    ...(options.pagesDirectory === undefined ? {} : { pagesDirectory: options.pagesDirectory }),
  };
  const dialectOptions = { policy: configuration, neighbours };
  const apis: Api[] = [];
  const close = () => {
    board.close();
    return closeAll(apis, hub, backend);
  };
  try {
    await hub.start();
    await backend.start(hub);
    const dialectPorts: number[] = [];
    for (const { port, dialect } of configuration.listeners) {
      const api = await createDialectApi(dialect, context, logger);
      apis.push(api);
      dialectPorts.push(
        await bind(api, [documentedDialect(dialect, dialectOptions)], { variable: 'LISTEN', port, speaks: dialect }),
      );
    }
    const api = await createApi(context, logger);
    apis.push(api);
    const port = await bind(api, mainDialects(dialectOptions), {
      variable: 'PORT',
      port: configuration.port,
      speaks: 'all',
    });
    state.isListening = true;
    board.start();
    warnOperator(configuration, logger);
    return {
      url: reachableUrl(configuration.host, port),
      dialectPorts,
      hub,
      identity,
      async drain() {
        state.isDraining = true;
        // The sessions of others that go through here are sent away by them, and need it until then.
        const [drained] = await Promise.all([
          hub.drain(configuration.drain),
          neighbours?.idle(configuration.drain.deadlineMs),
        ]);
        await close();
        return drained;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  async function bind(
    api: Api,
    dialects: readonly Dialect[],
    at: { variable: string; port: number; speaks: string },
  ): Promise<number> {
    await api.ready();
    hub.attach(api.server, dialects);
    return listen(api, { ...at, host: configuration.host });
  }
}

/** Pages whose cookies count. `*` never does; in development the server's own page may sign in too. */
function cookieOrigins({ allowedOrigins, port, production }: Configuration): readonly string[] {
  const exact = allowedOrigins.filter((origin) => origin !== '*');
  return production ? exact : [...exact, `http://localhost:${port}`, `http://127.0.0.1:${port}`];
}

async function closeAll(apis: readonly Api[], hub: Hub, backend: Backend): Promise<void> {
  await backend.stop();
  await hub.close();
  for (const api of apis) api.server.closeAllConnections();
  await Promise.all(apis.map((api) => api.close()));
}

/** What is no error, and still should not stay (S45). */
function warnOperator({ host, production, trustedProxies }: Configuration, logger: PinoLogger): void {
  if (production && trustedProxies.length === 0) {
    logger.warn('TRUSTED_PROXIES is empty: let TLS end at a proxy and name it, or tokens travel in the clear');
  }
  if (!production && !isLoopback(host)) {
    logger.warn({ host }, 'development mode is open to the network: it has known passwords and tokens that never end');
  }
}
