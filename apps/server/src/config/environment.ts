import { z } from 'zod';
import { ConfigurationError } from './configuration-error.js';
import { count, flag, integer, list, milliseconds, origin, proxy, url } from './variable-types.js';

const DAY_MS = 86_400_000;
/** The hub ends every action by then. */
const LONGEST_ACTION_MS = 600_000;
const MIB = 1_048_576;

/** Every variable of the server, alone; `read-configuration.ts` checks what they mean together. */
const environmentSchema = z.object({
  ACTIONS_SECRET: z.string().min(16, 'needs at least 16 characters.').optional(),
  ACTIONS_URL: url('http:', 'https:').optional(),
  ACTION_TIMEOUT_MS: milliseconds(1, LONGEST_ACTION_MS).default(30_000),
  ALLOWED_ORIGINS: list(
    origin,
    'must be origins as browsers send them (https://app.example.com), comma separated.',
  ).default([]),
  AUTHORISATION_STALE_MS: milliseconds(0, DAY_MS).default(60_000),
  CONTRACT_FILE: z.string().optional(),
  DEDUPE_WINDOW_MS: milliseconds(1, DAY_MS).default(600_000),
  DIRECTORY_URL: url('http:', 'https:').optional(),
  DRAIN_DEADLINE_MS: milliseconds(0, 3_600_000).default(25_000),
  DRAIN_WINDOW_MS: milliseconds(0, 3_600_000).optional(),
  HEARTBEAT_INTERVAL_MS: milliseconds(1, 3_600_000).optional(),
  HEARTBEAT_TIMEOUT_MS: milliseconds(1, 3_600_000).optional(),
  HELLO_TIMEOUT_MS: milliseconds(1, 600_000).default(5_000),
  HISTORY_SIZE: integer(1, 1_000_000).default(1_000),
  HISTORY_TTL_MS: milliseconds(1, 365 * DAY_MS).default(DAY_MS),
  HOST: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_JWKS_URL: url('http:', 'https:').optional(),
  JWT_PUBLIC_KEY: z.string().optional(),
  JWT_SECRET: z.string().optional(),
  LISTEN: z.string().default(''),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty.').optional(),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent.',
    )
    .default('info'),
  MAX_CONNECTIONS_PER_ADDRESS: count(1_000_000).default(1_000),
  MAX_CONNECTIONS_PER_USER: count(1_000_000).default(50),
  MAX_MESSAGE_BYTES: integer(256, 256 * MIB).default(MIB),
  MAX_QUEUE_BYTES: integer(1_024, 1_024 * MIB).default(MIB),
  MAX_ROOMS_PER_CONNECTION: count(1_000_000).default(200),
  MAX_UNACKED: count(1_000_000).default(1_000),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be production, development or test.')
    .default('development'),
  PORT: integer(0, 65_535).default(8_080),
  PRESENCE_LEASE_MS: milliseconds(100, 600_000).default(10_000),
  RATE_LIMIT_MESSAGES_PER_SECOND: count(1_000_000).default(200),
  READY_WHEN_DEGRADED: flag.default(true),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ . : -')
    .default('trunkline'),
  REDIS_URL: z
    .string()
    .refine((url) => !url.startsWith('redis+cluster://'), {
      error: 'names a cluster, which is not supported yet: use redis:// or redis+sentinel://.',
      abort: true,
    })
    .regex(/^(rediss?|redis\+sentinel):\/\/\S+$/, 'must start with redis://, rediss:// or redis+sentinel://.')
    .optional(),
  TRUSTED_PROXIES: list(proxy, 'must be addresses or CIDR ranges (10.0.0.0/8), comma separated.').default([]),
  USERS_FILE: z.string().optional(),
  WORKERS: z.union([z.literal('auto'), count(1_024)], 'must be auto or a whole number from 1 to 1024.').default(1),
});

export type Environment = z.output<typeof environmentSchema>;

/** The names of all variables, for documentation and its test. */
export const VARIABLES = Object.keys(environmentSchema.shape);

/**
 * An empty variable counts as absent, as compose files leave them.
 *
 * @throws {ConfigurationError} for the first variable that is bad by itself
 */
export function parseEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value?.trim()));
  const result = environmentSchema.safeParse(set);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ConfigurationError(String(issue?.path[0] ?? 'environment'), issue?.message ?? 'is not valid.');
}
