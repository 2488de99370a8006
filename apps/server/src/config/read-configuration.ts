import { availableParallelism } from 'node:os';
import type { HubLimits } from '@trunkline/server';
import { ConfigurationError } from './configuration-error.js';
import { type Environment, parseEnvironment } from './environment.js';
import { type Listener, parseListeners } from './listeners.js';
import { deriveSecret, type SigningKeys, signingKeys } from './signing-keys.js';

/** Everything the server is told, checked. */
export interface Configuration {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly listeners: readonly Listener[];
  readonly keys: SigningKeys;
  /** Signs session ids; the same on every node where there is a secret. */
  readonly sessionSecret?: string;
  readonly redis?: { readonly url: string; readonly prefix: string };
  readonly usersFile?: string;
  readonly contractFile?: string;
  /** Exact origins; `*` only in development. */
  readonly allowedOrigins: readonly string[];
  readonly actions?: { readonly url: string; readonly secret: string };
  readonly directory?: { readonly url: string; readonly secret?: string };
  /** Only what was set: dialects have defaults of their own. */
  readonly heartbeat: { readonly intervalMs?: number; readonly timeoutMs?: number };
  readonly limits: Omit<HubLimits, 'connectsPerSecond'>;
  readonly presenceLeaseMs: number;
  readonly drain: { readonly windowMs: number; readonly deadlineMs: number };
  readonly readyWhenDegraded: boolean;
  readonly trustedProxies: readonly string[];
  readonly workers: number;
  readonly log: { readonly level: string; readonly format: 'json' | 'pretty' };
}

const DRAIN_WINDOW_MS = 5_000;
/** RATE_LIMIT_MESSAGES_PER_SECOND 200 allows a burst of 500. */
const BURST_SECONDS = 2.5;

/**
 * Reads the environment.
 *
 * @throws {ConfigurationError} for the first bad, missing or contradictory variable
 */
export function readConfiguration(variables: NodeJS.ProcessEnv): Configuration {
  const environment = parseEnvironment(variables);
  const production = environment.NODE_ENV === 'production';
  const keys = signingKeys(environment);
  const actions = actionWebhook(environment, keys);
  const directory = relationWebhook(environment, keys);
  refuseContradictions(environment, keys);
  return {
    production,
    host: environment.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: environment.PORT,
    listeners: parseListeners(environment.LISTEN, environment.PORT),
    keys,
    ...(keys.secret === undefined ? {} : { sessionSecret: deriveSecret(keys.secret, 'sessions') }),
    ...(environment.REDIS_URL === undefined
      ? {}
      : { redis: { url: environment.REDIS_URL, prefix: environment.REDIS_PREFIX } }),
    ...(environment.USERS_FILE === undefined ? {} : { usersFile: environment.USERS_FILE }),
    ...(environment.CONTRACT_FILE === undefined ? {} : { contractFile: environment.CONTRACT_FILE }),
    allowedOrigins: environment.ALLOWED_ORIGINS,
    ...(actions ? { actions } : {}),
    ...(directory ? { directory } : {}),
    heartbeat: {
      ...(environment.HEARTBEAT_INTERVAL_MS === undefined ? {} : { intervalMs: environment.HEARTBEAT_INTERVAL_MS }),
      ...(environment.HEARTBEAT_TIMEOUT_MS === undefined ? {} : { timeoutMs: environment.HEARTBEAT_TIMEOUT_MS }),
    },
    limits: limits(environment),
    presenceLeaseMs: environment.PRESENCE_LEASE_MS,
    drain: {
      deadlineMs: environment.DRAIN_DEADLINE_MS,
      windowMs: environment.DRAIN_WINDOW_MS ?? Math.min(DRAIN_WINDOW_MS, environment.DRAIN_DEADLINE_MS),
    },
    readyWhenDegraded: environment.READY_WHEN_DEGRADED,
    trustedProxies: environment.TRUSTED_PROXIES,
    workers: environment.WORKERS === 'auto' ? availableParallelism() : environment.WORKERS,
    log: { level: environment.LOG_LEVEL, format: environment.LOG_FORMAT ?? (production ? 'json' : 'pretty') },
  };
}

function limits(environment: Environment): Configuration['limits'] {
  return {
    actionTimeoutMs: environment.ACTION_TIMEOUT_MS,
    authorisationStaleMs: environment.AUTHORISATION_STALE_MS,
    connectionsPerAddress: environment.MAX_CONNECTIONS_PER_ADDRESS,
    connectionsPerUser: environment.MAX_CONNECTIONS_PER_USER,
    dedupeWindowMs: environment.DEDUPE_WINDOW_MS,
    helloTimeoutMs: environment.HELLO_TIMEOUT_MS,
    historySize: environment.HISTORY_SIZE,
    historyTtlMs: environment.HISTORY_TTL_MS,
    maxMessageBytes: environment.MAX_MESSAGE_BYTES,
    maxQueueBytes: environment.MAX_QUEUE_BYTES,
    messageBurst: Math.ceil(environment.RATE_LIMIT_MESSAGES_PER_SECOND * BURST_SECONDS),
    messagesPerSecond: environment.RATE_LIMIT_MESSAGES_PER_SECOND,
    roomsPerConnection: environment.MAX_ROOMS_PER_CONNECTION,
    unacked: environment.MAX_UNACKED,
  };
}

function actionWebhook(environment: Environment, keys: SigningKeys): Configuration['actions'] {
  const { ACTIONS_URL: url } = environment;
  if (url === undefined) return undefined;
  const secret = webhookSecret(environment, keys);
  if (secret === undefined) {
    throw new ConfigurationError(
      'ACTIONS_SECRET',
      'is required with ACTIONS_URL when there is no JWT_SECRET to derive it from.',
    );
  }
  return { url, secret };
}

function relationWebhook(environment: Environment, keys: SigningKeys): Configuration['directory'] {
  const { DIRECTORY_URL: url } = environment;
  if (url === undefined) return undefined;
  const secret = webhookSecret(environment, keys);
  return { url, ...(secret === undefined ? {} : { secret }) };
}

/** Signs what we ask of other services. */
function webhookSecret(environment: Environment, keys: SigningKeys): string | undefined {
  return environment.ACTIONS_SECRET ?? (keys.secret === undefined ? undefined : deriveSecret(keys.secret, 'actions'));
}

function refuseContradictions(environment: Environment, keys: SigningKeys): void {
  if (environment.NODE_ENV === 'production' && environment.ALLOWED_ORIGINS.includes('*')) {
    throw new ConfigurationError('ALLOWED_ORIGINS', 'can not be * in production; list the origins.');
  }
  if (environment.USERS_FILE !== undefined && keys.secret === undefined) {
    throw new ConfigurationError('USERS_FILE', 'needs JWT_SECRET: tokens for its accounts are signed with it.');
  }
  if (
    environment.ACTIONS_SECRET !== undefined &&
    (environment.ACTIONS_URL ?? environment.DIRECTORY_URL) === undefined
  ) {
    throw new ConfigurationError('ACTIONS_SECRET', 'is useless without ACTIONS_URL or DIRECTORY_URL.');
  }
  if (environment.DRAIN_WINDOW_MS !== undefined && environment.DRAIN_WINDOW_MS > environment.DRAIN_DEADLINE_MS) {
    throw new ConfigurationError('DRAIN_WINDOW_MS', 'can not be longer than DRAIN_DEADLINE_MS.');
  }
  if (environment.WORKERS !== 1 && environment.REDIS_URL === undefined) {
    throw new ConfigurationError('WORKERS', 'needs REDIS_URL: several processes share rooms through Redis.');
  }
}
