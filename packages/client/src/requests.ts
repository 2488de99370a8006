import {
  createId,
  type HistoryFrame,
  type PresenceSetFrame,
  type ProgressFrame,
  type RequestFrame,
  TrunklineError,
} from '@trunkline/protocol';
import { backoffMs } from './backoff.js';
import { type Budget, type Entry, jsonBytes } from './budget.js';
import type { RequestOptions } from './client-api.js';
import { after } from './clock.js';
import { createDeferred, type Deferred, onAbort } from './deferred.js';
import type { Answer, Wire } from './exchange.js';
import type { ResolvedOptions } from './options.js';
import type { Pacer } from './pacer.js';

/** A frame that has one `response`, without the id and the time that each try gets. */
export type Asked = Omit<RequestFrame, 'id' | 'timeoutMs'> | Omit<HistoryFrame, 'id'> | Omit<PresenceSetFrame, 'id'>;

interface Pending extends Entry {
  id: string;
  readonly asked: Asked;
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
  run(asked: Asked, options?: RequestOptions<unknown>): Promise<unknown>;
  /** Sends what may go by now. */
  pump(): void;
  end(): void;
}

/** The server keeps results no longer; the same id later would act again. */
const RESEND_WINDOW_MS = 285_000;
const TRY_AGAIN: readonly string[] = ['rate_limited', 'too_many_unacked', 'unavailable'];
const UNKNOWN = 'The request was sent, and what became of it can not be known.';

export function createRequests({ options, wire, pacer, budget }: RequestsParts): Requests {
  const { clock, random, backoff } = options;
  const waiting = new Set<Pending>();
  let cancelPump = () => {};

  function finish(pending: Pending, outcome: { readonly data: unknown } | TrunklineError): void {
    if (!waiting.delete(pending)) return;
    pending.release();
    budget.remove(pending);
    if (outcome instanceof TrunklineError) pending.deferred.reject(outcome);
    else pending.deferred.resolve(outcome.data);
  }

  function giveUp(pending: Pending, error: TrunklineError): void {
    if (pending.inFlight && pending.asked.type === 'request')
      wire.send({ type: 'cancel', id: createId(), of: pending.id });
    finish(pending, error);
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
    let waitMs = Number.POSITIVE_INFINITY;
    for (const pending of waiting) {
      if (pending.inFlight) continue;
      const now = clock.now();
      const mine = Math.max(pending.notBefore - now, pacer.waitMs());
      if (mine > 0) waitMs = Math.min(waitMs, mine);
      else if (pending.sentAt !== undefined && now - pending.sentAt > RESEND_WINDOW_MS && !renew(pending)) {
        finish(pending, new TrunklineError('unknown_outcome', UNKNOWN, { retrySafe: false }));
      } else send(pending, now);
    }
    if (waitMs < Number.POSITIVE_INFINITY) cancelPump = after(clock, waitMs, pump);
  }

  function send(pending: Pending, now: number): void {
    const { id, asked, deadline } = pending;
    pending.sentAt ??= now;
    pending.inFlight = true;
    const frame =
      asked.type === 'request' ? { ...asked, id, timeoutMs: Math.max(1, Math.ceil(deadline - now)) } : { ...asked, id };
    wire.ask(frame, (answer) => answered(pending, answer));
  }

  function answered(pending: Pending, answer: Answer | null): void {
    if (answer?.type === 'progress') return progress(pending, answer);
    pending.inFlight = false;
    if (answer?.type === 'response') return finish(pending, answer);
    if (answer?.type !== 'error') return;
    const error = TrunklineError.from(answer);
    if (TRY_AGAIN.includes(error.code) && error.retryable) {
      pending.notBefore =
        clock.now() + Math.max(error.retryAfterMs ?? 0, backoffMs(backoff, pending.failures++, random()));
      pump();
    } else if (error.code === 'unknown_outcome' && renew(pending)) pump();
    else finish(pending, error);
  }

  function progress({ options: { onProgress } }: Pending, { data }: ProgressFrame): void {
    try {
      onProgress?.(data);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  return {
    async run(asked, given = {}) {
      const { timeoutMs = options.requestTimeoutMs, signal } = given;
      if (signal?.aborted) throw new TrunklineError('cancelled', 'The signal had fired.', { cause: signal.reason });
      const bytes = jsonBytes(asked);
      if (!budget.fits(bytes))
        throw new TrunklineError('queue_full', 'The queue is at its bound; wait for the connection.');
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
        release: () => {},
      };
      const times = after(clock, timeoutMs, () => giveUp(pending, new TrunklineError('timeout', 'No answer in time.')));
      const aborts = onAbort(signal, () =>
        giveUp(pending, new TrunklineError('cancelled', 'The asker gave up.', { cause: signal?.reason })),
      );
      pending.release = () => {
        times();
        aborts();
      };
      waiting.add(pending);
      budget.add(pending);
      pump();
      return await deferred.promise;
    },
    pump,
    end() {
      cancelPump();
      for (const pending of [...waiting]) {
        const { sentAt, asked } = pending;
        const unknown = sentAt !== undefined && asked.type === 'request';
        finish(
          pending,
          unknown
            ? new TrunklineError('unknown_outcome', UNKNOWN)
            : new TrunklineError('cancelled', 'The client was closed.'),
        );
      }
    },
  };
}
