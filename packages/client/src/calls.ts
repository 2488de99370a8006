import { type CallFrame, type CancelCallFrame, type ErrorBody, TrunklineError } from '@trunkline/protocol';
import type { Wire } from './exchange.js';
import type { Outbox } from './outbox-api.js';
import { fault } from './outbox-item.js';

type AnyCallHandler = (input: never, context: { readonly signal: AbortSignal }) => unknown;

/** Answers what the server asks of this client. */
export interface Calls {
  handle(method: string, handler: AnyCallHandler): () => void;
  call(frame: CallFrame): Promise<void>;
  cancel(frame: Pick<CancelCallFrame, 'of'>): void;
  /** Nobody waits any more: the socket is gone. */
  dropped(): void;
}

export function createCalls(wire: Pick<Wire, 'ask'>, outbox: Pick<Outbox, 'checked'>): Calls {
  const handlers = new Map<string, AnyCallHandler>();
  const running = new Map<string, AbortController>();

  function cancel({ of }: Pick<CancelCallFrame, 'of'>): void {
    running.get(of)?.abort();
    running.delete(of);
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
      let result: { readonly data: unknown } | { readonly error: Pick<ErrorBody, 'code' | 'message'> };
      try {
        const handler = handlers.get(method);
        if (!handler) throw fault('not_found');
        result = outbox.checked({ data: (await handler(data as never, controller)) ?? null }).frame;
      } catch (error) {
        const messageLength = 1_024;
        // The message of another error may hold what the server must not see.
        const { code, message } = error instanceof TrunklineError ? error : fault('internal');
        result = { error: { code, message: message.slice(0, messageLength) } };
      }
      if (running.delete(id)) wire.ask({ type: 'result', of: id, ...result });
    },
    cancel,
    dropped() {
      for (const id of running.keys()) cancel({ of: id });
    },
  };
}
