import { createId, TrunklineError } from '@trunkline/protocol';
import type { Command } from '../seams/session.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { checkData } from './event-rules.js';

export interface CallOptions {
  /** @default 30 000 */
  readonly timeoutMs?: number | undefined;
  /** The caller gives up: the client is told, the call ends `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

interface Pending {
  readonly connection: Connection;
  readonly method: string;
  readonly timer: NodeJS.Timeout;
  /** No longer listens to the caller's signal. */
  unheed(): void;
  resolve(data: unknown): void;
  reject(error: unknown): void;
}

const TIMEOUT_MS = 30_000;
const MAX_PENDING = 10_000;

/** Requests from the server to one client: one result each, or a timeout, or the connection's end. */
export class Calls {
  readonly #pending = new Map<string, Pending>();

  constructor(private readonly core: Core) {}

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Rejects with {@link TrunklineError} `invalid_data`, `timeout`, `cancelled`, `unknown_outcome` when the connection ended, or
   * the client's own error
   */
  async call(connection: Connection, [method, data]: [string, unknown], options: CallOptions = {}): Promise<unknown> {
    const { timeoutMs = TIMEOUT_MS, signal } = options;
    const { calls } = this.core.contract;
    const definition = Object.hasOwn(calls, method) ? calls[method] : undefined;
    if (definition) checkData(definition.input, data);
    if (this.#pending.size >= MAX_PENDING)
      throw new TrunklineError('unavailable', 'Too many calls wait for an answer.');
    if (signal?.aborted) throw cancelled();
    const id = createId();
    return new Promise((resolve, reject) => {
      const giveUp = (error: TrunklineError) => {
        this.#take(id);
        connection.tell({ type: 'call_cancelled', of: id });
        reject(error);
      };
      const timer = setTimeout(
        () => giveUp(new TrunklineError('timeout', 'The client did not answer in time.')),
        timeoutMs,
      );
      const abandon = () => giveUp(cancelled());
      signal?.addEventListener('abort', abandon, { once: true });
      const unheed = () => signal?.removeEventListener('abort', abandon);
      this.#pending.set(id, { connection, method, timer, unheed, resolve, reject });
      connection.tell({ type: 'call', id, method, data });
    });
  }

  /** Settles what waits for this connection's answer; a result that nobody waits for is ignored. */
  settle(connection: Connection, { of, data, error }: Command & { readonly type: 'result' }): void {
    const pending = this.#pending.get(of);
    if (pending?.connection !== connection) return;
    this.#take(of);
    if (error) {
      pending.reject(new TrunklineError(error.code, error.message));
      return;
    }
    const { calls } = this.core.contract;
    const definition = Object.hasOwn(calls, pending.method) ? calls[pending.method] : undefined;
    try {
      if (definition?.output) checkData(definition.output, data);
      pending.resolve(data ?? null);
    } catch (flaw) {
      pending.reject(flaw);
    }
  }

  gone(connection: Connection): void {
    for (const [id, pending] of this.#pending) {
      if (pending.connection !== connection) continue;
      this.#take(id);
      pending.reject(new TrunklineError('unknown_outcome', 'The connection ended before the client answered.'));
    }
  }

  #take(id: string): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    pending?.unheed();
  }
}

export function cancelled(): TrunklineError {
  return new TrunklineError('cancelled', 'The call was given up by its caller.');
}
