import { createId, TrunklineError } from '@trunkline/protocol';
import type { Command } from '../seams/session.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { checkData } from './event-rules.js';

interface Pending {
  readonly connection: Connection;
  readonly method: string;
  readonly timer: NodeJS.Timeout;
  resolve(data: unknown): void;
  reject(error: TrunklineError): void;
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

  /** Rejects with {@link TrunklineError} `invalid_data`, `timeout`, `unknown_outcome` when the connection ended, or the client's own error */
  async call(connection: Connection, method: string, data: unknown, timeoutMs = TIMEOUT_MS): Promise<unknown> {
    const { calls } = this.core.contract;
    const definition = Object.hasOwn(calls, method) ? calls[method] : undefined;
    if (definition) checkData(definition.input, data);
    if (this.#pending.size >= MAX_PENDING)
      throw new TrunklineError('unavailable', 'Too many calls wait for an answer.');
    const id = createId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        connection.tell({ type: 'call_cancelled', of: id });
        reject(new TrunklineError('timeout', 'The client did not answer in time.'));
      }, timeoutMs);
      this.#pending.set(id, { connection, method, timer, resolve, reject });
      connection.tell({ type: 'call', id, method, data });
    });
  }

  /** Settles what waits for this connection's answer; a result that nobody waits for is ignored. */
  settle(connection: Connection, { of, data, error }: Command & { readonly type: 'result' }): void {
    const pending = this.#pending.get(of);
    if (pending?.connection !== connection) return;
    this.#pending.delete(of);
    clearTimeout(pending.timer);
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
      if (flaw instanceof TrunklineError) pending.reject(flaw);
    }
  }

  gone(connection: Connection): void {
    for (const [id, pending] of this.#pending) {
      if (pending.connection !== connection) continue;
      this.#pending.delete(id);
      clearTimeout(pending.timer);
      pending.reject(new TrunklineError('unknown_outcome', 'The connection ended before the client answered.'));
    }
  }
}
