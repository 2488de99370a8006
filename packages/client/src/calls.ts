import { type CallFrame, TrunklineError } from '@trunkline/protocol';
import type { Wire } from './exchange.js';

export type AnyCallHandler = (input: never, context: { readonly signal: AbortSignal }) => unknown;

/** Answers what the server asks of this client. */
export interface Calls {
  handle(method: string, handler: AnyCallHandler): () => void;
  call(frame: CallFrame): Promise<void>;
  cancel(id: string): void;
  /** Nobody waits any more: the socket is gone. */
  dropped(): void;
}

export function createCalls(wire: Wire): Calls {
  const handlers = new Map<string, AnyCallHandler>();
  const running = new Map<string, AbortController>();

  return {
    handle(method, handler) {
      handlers.set(method, handler);
      return () => {
        if (handlers.get(method) === handler) handlers.delete(method);
      };
    },
    async call({ id, method, data }) {
      const controller = new AbortController();
      running.set(id, controller);
      const result = await run(handlers.get(method), data, controller.signal);
      if (running.get(id) !== controller) return;
      running.delete(id);
      wire.ask({ type: 'result', of: id, ...result });
    },
    cancel(id) {
      running.get(id)?.abort();
      running.delete(id);
    },
    dropped() {
      for (const controller of running.values()) controller.abort();
      running.clear();
    },
  };
}

async function run(handler: AnyCallHandler | undefined, data: unknown, signal: AbortSignal) {
  if (!handler) return { error: { code: 'not_found', message: 'No handler for this method.' } };
  try {
    return { data: (await handler(data as never, { signal })) ?? null };
  } catch (error) {
    // A message of another error may hold what the server must not see.
    const known = error instanceof TrunklineError ? error : new TrunklineError('internal', 'The handler failed.');
    return { error: { code: known.code, message: known.message.slice(0, 1_024) } };
  }
}
