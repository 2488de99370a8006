import { type ActionDefinition, type ErrorBody, TrunklineError } from '@trunkline/protocol';
import type { Logger } from '../seams/logger.js';
import { checkData } from './event-rules.js';
import { surelyFits } from './json-size.js';

/** What a request came to; the same for every connection that waits, on every node. */
export type Outcome = { readonly data: unknown } | { readonly error: ErrorBody };

/** What a retry learns of a result that was too large to remember. */
export const NOT_KEPT: Outcome = {
  error: new TrunklineError('unknown_outcome', 'The action ran, but its result was too large to keep.').toBody(),
};

export const TIMED_OUT: ErrorBody = new TrunklineError('timeout', 'The action did not answer in time.').toBody();

/** So much of a result is looked at before its JSON is made. */
const PLAIN_BYTES = 65_536;

/** Whether the same id sent again may come to something else (PROTOCOL, `error`). */
export function mayRunAgain(outcome: Outcome): boolean {
  return 'error' in outcome && (outcome.error.retryable || outcome.error.retrySafe === true);
}

/** What a handler answered, held against its contract: what breaks it is a failure of ours. */
export function answered(
  logger: Logger,
  action: string,
  definition: ActionDefinition | undefined,
  data: unknown,
): Outcome {
  try {
    if (definition?.output !== undefined) checkData(definition.output, data);
    // What is no JSON would fail when it is told.
    if (!surelyFits(data, PLAIN_BYTES)) JSON.stringify(data);
    return { data: data ?? null };
  } catch (cause) {
    const error = new TypeError('The action answered something its contract or JSON does not allow.', { cause });
    return failed(logger, action, error);
  }
}

/** A handler's error; one that is not meant for the caller is logged. */
export function failed(logger: Logger, action: string, error: unknown): Outcome {
  if (!(error instanceof TrunklineError) || error.code === 'internal')
    logger.error({ err: error, action }, 'action failed');
  return { error: bodyOf(error) };
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Any failure as it travels; what is no error of ours tells nothing of its own. */
export function bodyOf(error: unknown): ErrorBody {
  return (
    error instanceof TrunklineError ? error : new TrunklineError('internal', 'The action failed.', { retryable: false })
  ).toBody();
}

/** Counts an outcome among its like. */
export function kindOf(outcome: Outcome): 'ok' | 'timeout' | 'cancelled' | 'error' {
  if ('data' in outcome) return 'ok';
  const { code } = outcome.error;
  return code === 'timeout' || code === 'cancelled' ? code : 'error';
}
