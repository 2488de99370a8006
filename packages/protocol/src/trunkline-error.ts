import type { ErrorCode } from './error-codes.js';
import { RETRYABLE_CODES } from './retryable-codes.js';

export interface TrunklineErrorOptions {
  /** @default the code's row in `ERROR_CODES`; false for an application's own code */
  readonly retryable?: boolean | undefined;
  /** Earliest useful moment for another try, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** The offending field, dotted; never its value. */
  readonly path?: string | undefined;
  /** For `unknown_outcome`: true when sending the same id again can not act twice. */
  readonly retrySafe?: boolean | undefined;
  readonly cause?: unknown;
}

/** The shape of an error inside a frame or an HTTP answer. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly path?: string | undefined;
  readonly retrySafe?: boolean | undefined;
}

/**
 * The one error class of Trunkline. `switch (error.code)` narrows over {@link ErrorCode}; an action's backend may
 * answer any other string. Messages tell the cure and never carry a token, a value of the caller's or another user's data.
 */
export class TrunklineError extends Error {
  declare readonly code: ErrorCode | (string & {});
  declare readonly retryable: boolean;
  declare readonly retryAfterMs?: number;
  declare readonly path?: string;
  declare readonly retrySafe?: boolean;

  constructor(code: ErrorCode | (string & {}), message: string = code, options: TrunklineErrorOptions = {}) {
    super(message, options);
    const { retryable = RETRYABLE_CODES.includes(code), retryAfterMs, path, retrySafe } = options;
    Object.assign(this, { code, retryable, retryAfterMs, path, retrySafe });
  }

  override get name(): 'TrunklineError' {
    return 'TrunklineError';
  }

  /** The error as it travels: code, message, retryable and, where known, retryAfterMs, path, retrySafe. */
  toBody(): ErrorBody {
    const { code, message, retryable, retryAfterMs, path, retrySafe } = this;
    return { code, message, retryable, retryAfterMs, path, retrySafe };
  }

  /** The error a peer sent, as an error of ours. */
  static from(body: ErrorBody): TrunklineError {
    // By name, a bundler would call the class _TrunklineError, and so would every stack.
    return new this(body.code, body.message, body);
  }
}
