import { builtInContract } from '@trunkline/protocol/contract';
import {
  createHub,
  createJwtAuthenticator,
  createTickets,
  createTokenIssuer,
  type HubOptions,
  withTickets,
} from '@trunkline/server';
import { pino } from 'pino';
import type { Account } from '../src/accounts/account.js';
import { createAccounts } from '../src/accounts/accounts.js';
import { createLoginLimiter } from '../src/accounts/login-limiter.js';
import { createNodeBoard } from '../src/admin/node-board.js';
import type { ApiContext } from '../src/http/api-context.js';
import { createGuard } from '../src/http/bearer.js';
import { createApi } from '../src/http/create-api.js';
import { createFiguresReader } from '../src/observability/figures.js';
import { createMetrics } from '../src/observability/metrics.js';
import { readinessOf } from '../src/server/readiness.js';

export const SECRET = 'Kq3v9ZtP0x7mW2sB8yR5nL1cJ6hD4fGa';
/** Hashes of 'password', cost 4: tests of routes need no strength. */
export const HASH = '$2b$04$iosiIQtOge28/iKMg7waxut757Qjfd/ef.WAqRr4APCV8xdxEjh/S';

export interface TestApiOptions {
  readonly context?: Partial<ApiContext>;
  readonly hub?: Partial<HubOptions>;
  readonly accounts?: readonly Account[];
}

/** The HTTP API over a real hub on memory, listening on a port of its own. */
export async function startApi(options: TestApiOptions = {}) {
  const authenticator = createJwtAuthenticator({ secret: SECRET, dangerouslyAllowTestToken: true });
  const issuer = createTokenIssuer({ secret: SECRET });
  const tickets = createTickets();
  const metrics = createMetrics();
  const hub = createHub({
    contract: builtInContract,
    authenticator: withTickets(authenticator, tickets),
    observer: metrics.observer,
    ...options.hub,
  });
  await hub.start();
  const state = { isDraining: false };
  metrics.watch({ ready: () => hub.status().ready, hub });
  const readiness = () =>
    readinessOf({
      hubStatus: () => hub.status(),
      isListening: () => true,
      isDraining: () => state.isDraining,
      isForeignHeard: () => true,
      foreignForbidden: () => null,
      readyWhenDegraded: true,
    });
  const board = createNodeBoard({
    nodeId: hub.status().nodeId,
    readiness,
    figures: createFiguresReader(metrics.registry),
  });
  const context: ApiContext = {
    admin: { rows: () => board.rows() },
    hub,
    guard: createGuard(hub),
    accounts: createAccounts({
      accounts: options.accounts ?? [
        { id: 'u1', name: 'ann', phone: '+1', hash: HASH, roles: ['admin'], company_id: 'c1' },
      ],
      issuer,
      limiter: createLoginLimiter(),
      testUser: { userId: 'test-user' },
    }),
    tickets,
    metrics: () => metrics.registry.metrics(),
    readiness,
    production: false,
    allowedOrigins: ['https://app.example'],
    trustedProxies: [],
    maxMessageBytes: 65_536,
    ...options.context,
  };
  const api = await createApi(context, pino({ level: 'silent' }));
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const tokenFor = async (userId: string, ...roles: string[]) => (await issuer.issue({ userId, roles })).token;
  const tokens = {
    admin: await tokenFor('boss', 'admin'),
    service: await tokenFor('backend', 'service'),
    user: await tokenFor('ann'),
  };

  return {
    api,
    hub,
    state,
    url,
    tokens,
    tokenFor,
    /** A request with a bearer token and, if given, a JSON body. */
    call(
      method: string,
      path: string,
      { as, body, headers }: { as?: string; body?: unknown; headers?: Record<string, string> } = {},
    ) {
      return fetch(url + path, {
        method,
        headers: {
          ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      api.server.closeAllConnections();
      await api.close();
    },
  };
}

/** A JSON answer whose fields a test looks at. */
export async function fieldsOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json();
  if (typeof body !== 'object' || body === null) throw new Error('The answer is no JSON object.');
  return Object.fromEntries(Object.entries(body));
}
