import { createHash } from 'node:crypto';
import { TrunklineError } from '@trunkline/protocol';
import type { ActionForwarder, ActionRequest } from '@trunkline/server';
import { readAnswer } from './read-answer.js';
import { SIGNATURE_HEADER, signWebhook } from './webhook-signature.js';

export interface ActionWebhookOptions {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
  /** Of an answer, or of one progress line. */
  readonly maxBytes: number;
}

/** Nothing reached the backend when a connection fails like this. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Forwards actions to the backend as signed requests (DESIGN, "Action webhook"). The backend's own error codes reach the
 * client as they are; ours are `timeout`, `cancelled`, `unavailable` (nothing was run) and `unknown_outcome` (it may have
 * been run; the Idempotency-Key makes another try safe).
 */
export function createActionWebhook(options: ActionWebhookOptions): ActionForwarder {
  return async (request) => {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    try {
      return await ask(request, AbortSignal.any([request.signal, deadline]));
    } catch (error) {
      if (deadline.aborted) throw new TrunklineError('timeout', 'The action did not answer in time.');
      throw asActionError(error, request.signal);
    }
  };

  async function ask(request: ActionRequest, signal: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(bodyOf(request));
    const response = await fetch(options.url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        accept: 'application/json, application/x-ndjson',
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey(request),
        [SIGNATURE_HEADER]: signWebhook(body, options.secret, Math.floor(Date.now() / 1_000)),
      },
      body,
      signal,
    });
    const answer = await readAnswer(response, {
      maxBytes: options.maxBytes,
      progress: (data) => request.progress(data),
    });
    if (answer.kind === 'error') throw answer.error;
    if (answer.kind === 'unreadable') throw unknownOutcome(`status ${response.status}`);
    return answer.data;
  }
}

function bodyOf({ action, requestId, data, principal, sessionId, artifactId }: ActionRequest) {
  const user = { id: principal.userId, roles: principal.roles, company_id: principal.companyId };
  return { action, requestId, data, user, sessionId, artifactId };
}

/** The same for every try of one request: the user, the action and the request's id. */
function idempotencyKey({ principal, action, requestId, idempotencyId = requestId }: ActionRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([principal.userId, action, idempotencyId]))
    .digest('hex');
}

function asActionError(error: unknown, signal: AbortSignal): TrunklineError {
  if (error instanceof TrunklineError) return error;
  if (signal.aborted) {
    return signal.reason instanceof TrunklineError
      ? signal.reason
      : new TrunklineError('cancelled', 'The request was cancelled.');
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'code') : undefined;
  if (typeof code === 'string' && NEVER_SENT.has(code))
    return new TrunklineError('unavailable', 'The action backend can not be reached.', { cause: error });
  return unknownOutcome(error);
}

function unknownOutcome(cause: unknown): TrunklineError {
  return new TrunklineError('unknown_outcome', 'The action backend did not give a readable answer.', {
    retrySafe: true,
    cause,
  });
}
