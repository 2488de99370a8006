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

const MESSAGE_LENGTH = 1_024;

export function createCalls(wire: Wire): Calls {
  const handlers = new Map<string, AnyCallHandler>();
  const running = new Map<string, AbortController>();

  async function run(method: string, data: unknown, signal: AbortSignal) {
    try {
      const handler = handlers.get(method);
      if (!handler) throw new TrunklineError('not_found', 'No handler for this method.');
      return { data: (await handler(data as never, { signal })) ?? null };
    } catch (error) {
      // The message of another error may hold what the server must not see.
      const { code, message } =
        error instanceof TrunklineError ? error : new TrunklineError('internal', 'The handler failed.');
      return { error: { code, message: message.slice(0, MESSAGE_LENGTH) } };
    }
  }

  function cancel(id: string): void {
    running.get(id)?.abort();
    running.delete(id);
  }

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
      const result = await run(method, data, controller.signal);
      if (running.delete(id)) wire.ask({ type: 'result', of: id, ...result });
    },
    cancel,
    dropped() {
      for (const id of running.keys()) cancel(id);
    },
  };
}
