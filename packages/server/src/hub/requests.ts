import type { ActionDefinition } from '@trunkline/protocol';
import { TrunklineError } from '@trunkline/protocol';
import type { Command, Reply } from '../seams/dialect.js';
import type { Claim } from '../seams/ledger.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { checkData } from './event-rules.js';
import { HandlerContext } from './handler-context.js';
import type { ActionContext, ActionForwarder, ActionRequest } from './hub-api.js';
import { surelyFits } from './json-size.js';
import { LazyAbort } from './lazy-abort.js';
import { answered, bodyOf, failed, isThenable, kindOf, NOT_KEPT, type Outcome } from './request-outcome.js';
import { Waiters } from './waiters.js';

type RequestCommand = Command & { readonly type: 'request' };
type Handler = (input: unknown, context: ActionContext<unknown>) => unknown;

interface Running {
  readonly data: unknown;
  readonly abort: LazyAbort;
  readonly outcome: Promise<Outcome>;
  readonly waiters: Waiters;
  readonly bound: boolean;
  abandoned: NodeJS.Timeout | undefined;
}

const CLAIMED: Claim = { status: 'claimed' };
const KEPT_MS = 300_000;
const KEPT_BYTES = 65_536;
/** A request outlives the last connection that waits for it by this. */
const OUTLIVES_MS = 30_000;
const MAX_TIMEOUT_MS = 600_000;

/** Actions: each (user, action, id) runs once over all nodes and settles once; retries attach (DESIGN, "Requests"). */
export class Requests {
  readonly #handlers = new Map<string, Handler>();
  readonly #running = new Map<string, Running>();

  constructor(
    private readonly core: Core,
    private readonly forward: ActionForwarder | undefined,
  ) {}

  get size(): number {
    return this.#running.size;
  }

  isWaiting(connection: Connection): boolean {
    for (const running of this.#running.values()) if (running.waiters.has(connection)) return true;
    return false;
  }

  handle(action: string, handler: Handler): void {
    if (!Object.hasOwn(this.core.contract.actions, action))
      throw new TypeError(`The contract has no action "${action}".`);
    this.#handlers.set(action, handler);
  }

  /** Runs or attaches. Never throws and never rejects; what is known at once is answered at once. */
  run(connection: Connection, command: RequestCommand): Reply | Promise<Reply> {
    const startedAt = performance.now();
    const outcome = this.#outcome(connection, command);
    if (!(outcome instanceof Promise)) return this.#reply(outcome, startedAt);
    return outcome.then((settled) => this.#reply(settled, startedAt));
  }

  #reply(outcome: Outcome, startedAt: number): Reply {
    this.core.observer.requestSettled?.(kindOf(outcome), performance.now() - startedAt);
    return 'data' in outcome
      ? { type: 'response', data: outcome.data }
      : { type: 'error', error: TrunklineError.from(outcome.error) };
  }

  cancel(connection: Connection, of: string): void {
    for (const running of this.#running.values()) {
      if (running.waiters.idOf(connection) === of)
        running.abort.abort(new TrunklineError('cancelled', 'The request was cancelled.'));
    }
  }

  /** A connection is gone: what only it waited for goes on for a while, or ends at once where it is bound. */
  gone(connection: Connection): void {
    for (const running of this.#running.values()) {
      if (!running.waiters.delete(connection) || running.waiters.size > 0) continue;
      const abandon = () =>
        running.abort.abort(new TrunklineError('cancelled', 'Nobody waits for this request any more.'));
      if (running.bound) abandon();
      else running.abandoned = setTimeout(abandon, OUTLIVES_MS).unref();
    }
  }

  #outcome(connection: Connection, command: RequestCommand): Outcome | Promise<Outcome> {
    try {
      const definition = this.#admit(connection, command);
      const key = keyOf(connection.principal.userId, command, command.bound ? connection.id : '');
      const running = this.#running.get(key);
      if (running === undefined) return this.#start(connection, command, { key, definition });
      if (JSON.stringify(running.data) !== JSON.stringify(command.data))
        throw new TrunklineError('id_conflict', 'This id was used for another payload; make a new id.', { path: 'id' });
      clearTimeout(running.abandoned);
      running.waiters.add(connection, command.id);
      return running.outcome;
    } catch (error) {
      return { error: bodyOf(error) };
    }
  }

  #admit(connection: Connection, { action, data }: RequestCommand): ActionDefinition | undefined {
    const { actions } = this.core.contract;
    const definition = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (definition === undefined && this.forward === undefined)
      throw new TrunklineError('unknown_action', 'There is no such action.', { path: 'action' });
    const { roles, anonymous } = connection.principal;
    const allowed =
      definition?.roles === undefined ? !anonymous : definition.roles.some((role) => roles.includes(role));
    if (!allowed && !roles.includes('admin'))
      throw new TrunklineError('forbidden', 'This action is not yours to ask for.', { path: 'action' });
    if (definition !== undefined) checkData(definition.input, data);
    return definition;
  }

  #start(
    connection: Connection,
    command: RequestCommand,
    { key, definition }: { readonly key: string; readonly definition: ActionDefinition | undefined },
  ): Outcome | Promise<Outcome> {
    const abort = new LazyAbort();
    const waiters = new Waiters(connection, command.id);
    const claim = command.bound ? CLAIMED : this.core.ledger.claim(key, MAX_TIMEOUT_MS);
    let work: unknown = claim;
    if (!(claim instanceof Promise) && claim.status === 'claimed') {
      // Nobody can attach or cancel before the handler has returned.
      try {
        work = this.#execute(connection, command, abort, waiters);
      } catch (error) {
        return this.#settle(command, key, failed(this.core.logger, command.action, error));
      }
      if (!isThenable(work))
        return this.#settle(command, key, answered(this.core.logger, command.action, definition, work));
    }
    const timeoutMs = Math.min(
      command.timeoutMs ?? MAX_TIMEOUT_MS,
      definition?.timeoutMs ?? this.core.limits.actionTimeoutMs,
    );
    const timer = setTimeout(
      () => abort.abort(new TrunklineError('timeout', 'The action did not answer in time.')),
      timeoutMs,
    );
    const finish = async (): Promise<Outcome> => {
      let settled: Outcome;
      try {
        const data =
          work === claim
            ? await this.#claimAndRun(connection, command, { key, claim, abort, waiters })
            : await abort.race(Promise.resolve(work));
        settled = answered(this.core.logger, command.action, definition, data);
      } catch (error) {
        settled = failed(this.core.logger, command.action, error);
      }
      clearTimeout(timer);
      clearTimeout(entry.abandoned);
      this.#running.delete(key);
      return this.#settle(command, key, settled);
    };
    const entry: Running = {
      data: command.data,
      abort,
      // Not before the entry is in its place: a claim may be answered at once.
      outcome: Promise.resolve().then(finish),
      waiters,
      bound: command.bound ?? false,
      abandoned: undefined,
    };
    this.#running.set(key, entry);
    return entry.outcome;
  }

  async #claimAndRun(
    connection: Connection,
    command: RequestCommand,
    how: {
      readonly key: string;
      readonly claim: Claim | Promise<Claim>;
      readonly abort: LazyAbort;
      readonly waiters: Waiters;
    },
  ): Promise<unknown> {
    const { key, abort, waiters } = how;
    const claim = await how.claim;
    if (claim.status !== 'claimed') {
      const settled = (
        claim.status === 'settled' ? claim.result : await this.core.ledger.settled(key, abort.signal)
      ) as Outcome;
      if ('error' in settled) throw TrunklineError.from(settled.error);
      return settled.data;
    }
    abort.throwIfAborted();
    const result = this.#execute(connection, command, abort, waiters);
    return isThenable(result) ? abort.race(Promise.resolve(result)) : result;
  }

  #settle(command: RequestCommand, key: string, outcome: Outcome): Outcome {
    if (!command.bound) this.#remember(key, outcome);
    return outcome;
  }

  #execute(connection: Connection, command: RequestCommand, abort: LazyAbort, waiters: Waiters): unknown {
    const { principal } = connection;
    const progress = (data: unknown) => waiters.tellProgress(data);
    const handler = this.#handlers.get(command.action);
    if (handler) return handler(command.data, new HandlerContext(connection, command.id, abort, progress));
    if (this.forward === undefined)
      throw new TrunklineError('unknown_action', 'There is no such action.', { path: 'action' });
    const request: ActionRequest = {
      action: command.action,
      requestId: command.id,
      data: command.data,
      principal,
      signal: abort.signal,
      progress,
      ...command.context,
    };
    return this.forward(request);
  }

  #remember(key: string, outcome: Outcome): void {
    const { ledger } = this.core;
    const fits = surelyFits(outcome, KEPT_BYTES) || Buffer.byteLength(JSON.stringify(outcome)) <= KEPT_BYTES;
    // Too large to keep, but a retry must learn that it ran: it must not run again.
    const kept = ledger.settle(key, fits ? outcome : NOT_KEPT, KEPT_MS);
    kept?.catch((error: unknown) => this.core.logger.debug({ err: error }, 'a request result could not be remembered'));
  }
}

/** Lengths keep ('a', 'bc') and ('ab', 'c') apart. Joined as a list it is one flat string, which is kept for long. */
function keyOf(userId: string, { action, id }: RequestCommand, connectionId: string): string {
  const lengths = `${userId.length}.${action.length}.${connectionId.length}`;
  return [lengths, userId, action, connectionId, id].join(':');
}
