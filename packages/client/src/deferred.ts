import { TrunklineError } from '@trunkline/protocol';
import { after, type Clock } from './clock.js';

/** A promise whose ends are in other hands. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function createDeferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Ends one or more promises with a value or an error. */
export function settleAll<T>(waiters: Iterable<Deferred<T>>, outcome: T | TrunklineError): void {
  for (const waiter of [...waiters]) {
    if (outcome instanceof TrunklineError) waiter.reject(outcome);
    else waiter.resolve(outcome);
  }
}

/** @throws {TrunklineError} `cancelled` when the signal has fired */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

export function cancelled(signal?: AbortSignal): TrunklineError {
  return new TrunklineError('cancelled', 'Given up by its caller.', { cause: signal?.reason });
}

export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs?: number | undefined;
  /** One that has fired already is not noticed: see {@link checkSignal}. */
  readonly signal?: AbortSignal | undefined;
}

/** Calls back when the time is over or the signal fires; the answer stops that. */
export function onImpatience({ clock, timeoutMs, signal }: Patience, run: (error: TrunklineError) => void): () => void {
  const abort = () => run(cancelled(signal));
  const cancel =
    timeoutMs === undefined
      ? undefined
      : after(clock, timeoutMs, () => run(new TrunklineError('timeout', 'Not in time.')));
  signal?.addEventListener('abort', abort);
  return () => {
    cancel?.();
    signal?.removeEventListener('abort', abort);
  };
}
