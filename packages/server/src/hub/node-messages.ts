import { randomUUID } from 'node:crypto';
import { createId, type From, TrunklineError } from '@trunkline/protocol';
import { type CallOptions, type Calls, cancelled } from './calls.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { Signal } from './signals.js';

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(data: unknown): void;
  reject(error: TrunklineError): void;
}

/** A message to one connection. */
export interface Direct {
  readonly to: string;
  /** Rooms of the sender's in one of which the receiver must be. */
  readonly rooms: readonly string[];
  readonly event: string;
  readonly id: string;
  readonly from: From;
  readonly data: unknown;
}

interface Question {
  readonly nodeId: string;
  readonly timeoutMs: number;
  /** What no answer means. */
  unanswered(): TrunklineError;
}

type Answer = Signal & { readonly t: 'answer' };

const ANSWER_MS = 2_000;
const TIMEOUT_MS = 30_000;

/** A connection's id starts with the node that holds it. */
export function connectionIdOn(nodeId: string): string {
  return `${nodeId}.${randomUUID()}`;
}
function nodeOf(connectionId: string): string {
  return connectionId.slice(0, Math.max(0, connectionId.lastIndexOf('.')));
}

/** To one connection, wherever it is: direct messages and calls, answered by the node that holds it. */
export class NodeMessages {
  readonly #waiting = new Map<string, Waiting>();
  /** Calls that other nodes asked for, by the id of their answer. */
  readonly #asked = new Map<string, AbortController>();

  constructor(
    private readonly core: Core,
    private readonly calls: Calls,
  ) {}

  /** @throws {TrunklineError} `not_found` when there is no such connection in a shared room */
  async send(direct: Direct): Promise<void> {
    const nodeId = nodeOf(direct.to);
    if (nodeId === this.core.broker.nodeId || nodeId === '') {
      if (!this.#deliver(direct)) throw notFound();
      return;
    }
    await this.#ask({ nodeId, timeoutMs: ANSWER_MS, unanswered: notFound }, (answer) => ({
      t: 'direct',
      ...direct,
      rooms: [...direct.rooms],
      timestamp: Date.now(),
      answer,
    }));
  }

  /** @throws {TrunklineError} as `Calls.call`, or `not_found` */
  async call(to: string, [method, data]: [string, unknown], options: CallOptions = {}): Promise<unknown> {
    const connection = this.core.connections.byId.get(to);
    if (connection) return this.calls.call(connection, [method, data], options);
    const nodeId = nodeOf(to);
    if (nodeId === this.core.broker.nodeId || nodeId === '') throw notFound();
    const { timeoutMs = TIMEOUT_MS, signal } = options;
    if (signal?.aborted) throw cancelled();
    let id = '';
    const abandon = () => {
      this.core.broker.signal({ nodeId }, { t: 'call_cancelled', of: id } satisfies Signal);
      this.#settle({ t: 'answer', id, error: cancelled() });
    };
    const asked = this.#ask({ nodeId, timeoutMs: timeoutMs + ANSWER_MS, unanswered }, (answer) => {
      id = answer.id;
      return { t: 'call', to, method, data, timeoutMs, answer };
    });
    signal?.addEventListener('abort', abandon, { once: true });
    return asked.finally(() => signal?.removeEventListener('abort', abandon));
  }

  heard(signal: Signal & { readonly t: 'direct' | 'call' | 'call_cancelled' | 'answer' }): void {
    if (signal.t === 'answer') this.#settle(signal);
    else if (signal.t === 'call_cancelled') this.#asked.get(signal.of)?.abort();
    else if (signal.t === 'direct')
      this.#answer(signal.answer, this.#deliver(signal) ? Promise.resolve(null) : Promise.reject(notFound()));
    else this.#answer(signal.answer, this.#call(signal));
  }

  close(): void {
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new TrunklineError('unavailable', 'The server is closing.'));
    }
    this.#waiting.clear();
  }

  /** For another node. */
  async #call({ to, method, data, timeoutMs, answer }: Signal & { readonly t: 'call' }): Promise<unknown> {
    const connection = this.core.connections.byId.get(to);
    if (connection === undefined) throw notFound();
    const controller = new AbortController();
    this.#asked.set(answer.id, controller);
    try {
      return await this.calls.call(connection, [method, data], { timeoutMs, signal: controller.signal });
    } finally {
      this.#asked.delete(answer.id);
    }
  }

  #settle({ id, data, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(new TrunklineError(error.code, error.message));
    else waiting.resolve(data);
  }

  #deliver({ to, rooms, event, id, from, data }: Direct): boolean {
    const connection: Connection | undefined = this.core.connections.byId.get(to);
    const room = rooms.find((name) => connection?.memberships.has(name));
    if (connection === undefined || room === undefined || !connection.isOpen) return false;
    connection.tell({ type: 'direct', room, event, id, from, data, timestamp: Date.now() });
    return true;
  }

  async #ask(
    { nodeId, timeoutMs, unanswered: nothing }: Question,
    make: (answer: { nodeId: string; id: string }) => Signal,
  ): Promise<unknown> {
    if (this.core.broker.status.state !== 'connected')
      throw new TrunklineError('unavailable', 'Other nodes can not be reached just now.', { retryAfterMs: 1_000 });
    const id = createId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(nothing());
      }, timeoutMs);
      this.#waiting.set(id, { timer, resolve, reject });
      this.core.broker.signal({ nodeId }, make({ nodeId: this.core.broker.nodeId, id }));
    });
  }

  #answer(to: { readonly nodeId: string; readonly id: string }, work: Promise<unknown>): void {
    const tell = (signal: Signal) => this.core.broker.signal({ nodeId: to.nodeId }, signal);
    work.then(
      (data) => tell({ t: 'answer', id: to.id, data }),
      (error: unknown) => {
        const { code, message } =
          error instanceof TrunklineError ? error : new TrunklineError('internal', 'The call failed.');
        tell({ t: 'answer', id: to.id, error: { code, message } });
      },
    );
  }
}

function notFound(): TrunklineError {
  return new TrunklineError('not_found', 'There is no such connection in a room of yours.', { path: 'to' });
}

/** The other node ended, or its answer was lost: the client may have acted. */
function unanswered(): TrunklineError {
  return new TrunklineError('unknown_outcome', 'The node that holds the connection did not answer.');
}
