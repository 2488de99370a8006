import { TrunklineError } from '@trunkline/protocol';

/**
 * The same error as a client may read it. What failed behind us, a store or a directory, is for the operator, who has it from
 * the log and /readyz; the client learns what to do.
 */
export function inUsersWords(error: TrunklineError): TrunklineError {
  const { cause, code, path, retryAfterMs = 1_000 } = error;
  if (code !== 'unavailable' || cause === undefined) return error;
  const details = { cause, retryAfterMs, ...(path === undefined ? {} : { path }) };
  return new TrunklineError(code, 'This can not be answered just now; try again.', details);
}
