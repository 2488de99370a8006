import type { ErrorCode } from './error-codes.js';

/** The codes that are retryable by default; apart from their table, so that a client's bundle carries these alone. A test holds the two together. */
export const RETRYABLE_CODES: readonly string[] = [
  'internal',
  'out_of_order',
  'rate_limited',
  'timeout',
  'too_many_connections',
  'too_many_unacked',
  'unavailable',
] satisfies ErrorCode[];
