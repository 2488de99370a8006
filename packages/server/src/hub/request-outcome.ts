import { type ErrorBody, TrunklineError } from '@trunkline/protocol';
import { checkData } from './event-rules.js';

/** What a request came to; the same for every connection that waits, on every node. */
export type Outcome = { readonly data: unknown } | { readonly error: ErrorBody };

/** What a retry learns of a result that was too large to remember. */
export const NOT_KEPT: Outcome = {
  error: new TrunklineError('unknown_outcome', 'The action ran, but its result was too large to keep.').toBody(),
};

/** @throws {TypeError} when a handler answered something else than its contract says */
export function checkOutput(schema: unknown, data: unknown): void {
  try {
    checkData(schema, data);
  } catch (error) {
    throw new TypeError('The action answered something its contract does not allow.', { cause: error });
  }
}

/** Any failure as it travels; what is no error of ours tells nothing of its own. */
export function bodyOf(error: unknown): ErrorBody {
  return (
    error instanceof TrunklineError ? error : new TrunklineError('internal', 'The action failed.', { retryable: false })
  ).toBody();
}
