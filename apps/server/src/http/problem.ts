import { STATUS_CODES } from 'node:http';
import { TrunklineError } from '@trunkline/protocol';
import type { FastifyError, FastifyReply } from 'fastify';

/** RFC 9457, with our error code. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** Says the cure; never a value of the caller's. */
  readonly detail: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly path?: string;
  readonly retryAfterMs?: number;
  /** With `unknown_outcome`: the same id sent again can not act twice. */
  readonly retrySafe?: boolean;
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  cancelled: 503,
  duplicate_id: 409,
  forbidden: 403,
  id_conflict: 409,
  internal: 500,
  method_not_allowed: 405,
  not_authenticated: 401,
  not_found: 404,
  out_of_order: 409,
  queue_full: 503,
  rate_limited: 429,
  timeout: 504,
  token_expired: 401,
  token_revoked: 401,
  too_large: 413,
  too_many_connections: 503,
  unauthenticated: 401,
  unavailable: 503,
  unknown_outcome: 503,
  unknown_room_kind: 404,
  unsupported_media_type: 415,
};

export function statusOf(error: TrunklineError): number {
  return STATUS_BY_CODE[error.code] ?? 400;
}

export function problemOf(error: TrunklineError): Problem {
  const status = statusOf(error);
  const { code, message, retryable, path, retryAfterMs, retrySafe } = error.toBody();
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    retryable,
    ...(path === undefined ? {} : { path }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(retrySafe === undefined ? {} : { retrySafe }),
  };
}

export function sendProblem(reply: FastifyReply, error: TrunklineError): FastifyReply {
  const problem = problemOf(error);
  if (problem.status === 401) reply.header('www-authenticate', challengeOf(error));
  tellWhenToRetry(reply, error);
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** In whole seconds; what may be tried again without a time of its own, soon. */
export function tellWhenToRetry(reply: FastifyReply, { retryAfterMs, retryable, retrySafe }: TrunklineError): void {
  const afterMs = retryAfterMs ?? (retryable || retrySafe ? 1_000 : undefined);
  if (afterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(afterMs / 1_000)));
}

/** RFC 6750: a bare challenge where no token came, `invalid_token` where one did not do. */
function challengeOf(error: TrunklineError): string {
  return error.code === 'not_authenticated' ? 'Bearer' : 'Bearer error="invalid_token"';
}

/** What Fastify itself refuses, in our words. */
export function asTrunklineError(error: FastifyError | TrunklineError): TrunklineError {
  if (error instanceof TrunklineError) return error;
  switch (error.statusCode) {
    case 413:
      return new TrunklineError('too_large', 'The body is larger than this server takes.');
    case 415:
      return new TrunklineError(
        'unsupported_media_type',
        'This content type is not taken here; send application/json.',
      );
    case undefined:
    case 500:
      return new TrunklineError('internal', 'Something went wrong on our side.', { cause: error });
    default:
      return new TrunklineError('malformed', 'The request can not be read; check its JSON, encoding and length.');
  }
}
