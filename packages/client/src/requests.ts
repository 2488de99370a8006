import { createId, TrunklineError } from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { type Budget, type Entry, jsonBytes, queueFull } from './budget.js';
import type { RequestOptions } from './client-api.js';
import { after } from './clock.js';
import { cancelled, checkSignal, createDeferred, type Deferred, onImpatience, settleAll } from './deferred.js';
import type { Answer, Question, Wire } from './exchange.js';
import { callSafely } from './listeners.js';
import type { ResolvedOptions } from './options.js';
import type { Pacer } from './pacer.js';

interface Pending extends Entry {
  id: string;
  readonly asked: Question;
  readonly deadline: number;
  readonly options: RequestOptions<unknown>;
  readonly deferred: Deferred<unknown>;
  sentAt: number | undefined;
  inFlight: boolean;
  notBefore: number;
  failures: number;
  release: () => void;
}

export interface RequestsParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly pacer: Pacer;
  readonly budget: Budget;
}

/** Asks until there is one answer, the time is over or the asker gives up; over reconnects under the same id. */
export interface Requests {
  run(asked: Question & { readonly type: 'request' | 'history' }, options?: RequestOptions<unknown>): Promise<unknown>;
  /** Sends what may go by now. */
  pump(): void;
  end(): void;
}

/** The server keeps results for 5 min; the same id later would act again. */
const RESEND_WINDOW_MS = 285_000;
/** Refused before anything began; what failed later is the application's to repeat. */
const TRY_AGAIN = /^(rate_limited|too_many_unacked|unavailable)$/;
const unknownOutcome = () => new TrunklineError('unknown_outcome', 'Sent, and its outcome can not be known.');

export function createRequests({ options, wire, pacer, budget }: RequestsParts): Requests {
  const { clock, random, backoff } = options;
  const waiting = new Set<Pending>();
  let cancelPump = () => {};

  function finish(pending: Pending, outcome: unknown): void {
    if (!waiting.delete(pending)) return;
    pending.release();
    budget.remove(pending);
    settleAll([pending.deferred], outcome);
  }

  /** An idempotent one may act again, so it goes on under a new id. */
  function renew(pending: Pending): boolean {
    if (!pending.options.idempotent) return false;
    pending.id = createId();
    pending.sentAt = undefined;
    return true;
  }

  function pump(): void {
    cancelPump();
    if (!wire.ready) return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const pending of waiting) {
      if (pending.inFlight) continue;
      const now = clock.now();
      const waitMs = Math.max(pending.notBefore - now, pacer.waitMs());
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
      else if (now - (pending.sentAt ?? now) > RESEND_WINDOW_MS && !renew(pending)) finish(pending, unknownOutcome());
      else send(pending, now);
    }
    if (nextMs < Number.POSITIVE_INFINITY) cancelPump = after(clock, nextMs, pump);
  }

  function send(pending: Pending, now: number): void {
    const { id, asked, deadline } = pending;
    pending.sentAt ??= now;
    pending.inFlight = true;
    wire.ask(
      { ...asked, id, ...(asked.type === 'request' && { timeoutMs: Math.max(1, Math.ceil(deadline - now)) }) },
      (answer) => answered(pending, answer),
    );
  }

  function answered(pending: Pending, answer: Answer | null): void {
    if (answer?.type === 'progress') {
      callSafely(() => pending.options.onProgress?.(answer.data));
      return;
    }
    pending.inFlight = false;
    if (answer?.type === 'response') finish(pending, answer.data);
    if (answer?.type !== 'error') return;
    const error = TrunklineError.from(answer);
    const { code, retryAfterMs = 0 } = error;
    if (error.retryable && TRY_AGAIN.test(code)) {
      pending.notBefore = clock.now() + Math.max(retryAfterMs, backoffMs(backoff, pending.failures++, random()));
      pump();
    } else if (code === 'unknown_outcome' && renew(pending)) pump();
    else finish(pending, error);
  }

  return {
    async run(asked, given = {}) {
      const { timeoutMs = options.requestTimeoutMs, signal } = given;
      checkSignal(signal);
      const bytes = jsonBytes(asked);
      if (!budget.fits(bytes)) throw queueFull();
      const createdAt = clock.now();
      const deferred = createDeferred<unknown>();
      const pending: Pending = {
        id: createId(),
        asked,
        bytes,
        createdAt,
        deadline: createdAt + timeoutMs,
        options: given,
        deferred,
        sentAt: undefined,
        inFlight: false,
        notBefore: 0,
        failures: 0,
        release: onImpatience({ clock, timeoutMs, signal }, (error) => {
          if (pending.inFlight && asked.type === 'request') wire.ask({ type: 'cancel', of: pending.id });
          finish(pending, error);
        }),
      };
      waiting.add(pending);
      budget.add(pending);
      pump();
      return await deferred.promise;
    },
    pump,
    end() {
      cancelPump();
      for (const pending of [...waiting])
        finish(
          pending,
          pending.sentAt !== undefined && pending.asked.type === 'request' ? unknownOutcome() : cancelled(),
        );
    },
  };
}
