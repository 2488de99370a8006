import { TrunklineError } from '@trunkline/protocol';

/** Ends a promise: an error of ours rejects it, anything else is its value. */
export type Settle<T> = (outcome: T | TrunklineError) => void;

/** A promise that ends with the others of its set, or by its own `settle`. */
export function createDeferred<T>(waiters: Set<Settle<T>>): {
  readonly promise: Promise<T>;
  readonly settle: Settle<T>;
} {
  let settle: Settle<T> = () => {};
  const promise = new Promise<T>((resolve, reject) => {
    settle = (outcome) => (outcome instanceof TrunklineError ? reject(outcome) : resolve(outcome));
    waiters.add(settle);
  });
  return { promise, settle };
}

/** Ends all of them, and empties the set. */
export function settleAll<T>(waiters: Set<Settle<T>>, outcome: T | TrunklineError): void {
  for (const settle of waiters) settle(outcome);
  waiters.clear();
}

/** Calls back when the signal fires, or at once if it has; the answer stops that. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted) run();
  else signal?.addEventListener('abort', run);
  return () => signal?.removeEventListener('abort', run);
}

export function cancelled(signal?: AbortSignal): TrunklineError {
  return new TrunklineError('cancelled', undefined, { cause: signal?.reason });
}
