import type { ActionDefinition } from '@trunkline/protocol';
import { TrunklineError } from '@trunkline/protocol';
import type { Claim } from '../seams/ledger.js';
import type { Command, Reply } from '../seams/session.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { checkData } from './event-rules.js';
import { HandlerContext } from './handler-context.js';
import type { ActionContext, ActionForwarder, ActionRequest } from './hub-api.js';
import { surelyFits } from './json-size.js';
import { LazyAbort } from './lazy-abort.js';
import {
  answered,
  bodyOf,
  failed,
  isThenable,
  kindOf,
  mayRunAgain,
  NOT_KEPT,
  type Outcome,
  TIMED_OUT,
} from './request-outcome.js';
import { RunningRequest } from './running-request.js';
import { Waiters } from './waiters.js';

type RequestCommand = Command & { readonly type: 'request' };
type Handler = (input: unknown, context: ActionContext<unknown>) => unknown;

/** What belongs to one run, or one wait for a run elsewhere. */
interface Run {
  readonly key: string;
  readonly abort: LazyAbort;
  readonly waiters: Waiters;
}

const CLAIMED = { status: 'claimed' } as const satisfies Claim;
const KEPT_MS = 300_000;
const KEPT_BYTES = 65_536;
const MAX_TIMEOUT_MS = 600_000;

/** Actions: each (user, action, id) runs once over all nodes and settles once; retries attach (DESIGN, "Requests"). */
export class Requests {
  readonly #handlers = new Map<string, Handler>();
  readonly #running = new Map<string, RunningRequest>();
  /** Outcomes on their way to the ledger. */
  #remembering = 0;

  constructor(
    private readonly core: Core,
    private readonly forward: ActionForwarder | undefined,
  ) {}

  /** Nothing runs, and the ledger knows what became of all that ran. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#remembering === 0;
  }

  isWaiting(connection: Connection): boolean {
    for (const running of this.#running.values()) if (running.isWaiting(connection)) return true;
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
    for (const running of this.#running.values()) running.cancel(connection, of);
  }

  /** A connection is gone: what only it waited for goes on for a while, or ends at once where it is bound. */
  gone(connection: Connection): void {
    for (const running of this.#running.values()) running.gone(connection);
  }

  #outcome(connection: Connection, command: RequestCommand): Outcome | Promise<Outcome> {
    try {
      const definition = this.#admit(connection, command);
      const key = keyOf(connection.principal.userId, command, command.bound ? connection.id : '');
      const running = this.#running.get(key);
      if (running === undefined) return this.#start(connection, command, { key, definition });
      if (JSON.stringify(running.data) !== JSON.stringify(command.data)) throw idConflict();
      running.join(connection);
      return running.wait(connection, command.timeoutMs);
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
    const claim = command.bound ? CLAIMED : this.core.ledger.claim(key, command.data, MAX_TIMEOUT_MS);
    let work: unknown = claim;
    if (!(claim instanceof Promise) && claim.status === 'claimed') {
      // Nobody can attach or cancel before the handler has returned.
      try {
        work = this.#execute(connection, command, { key, abort, waiters });
      } catch (error) {
        waiters.isOver = true;
        return this.#settle(command, key, failed(this.core.logger, command.action, error));
      }
      if (!isThenable(work)) {
        waiters.isOver = true;
        return this.#settle(command, key, answered(this.core.logger, command.action, definition, work));
      }
    }
    const timer = setTimeout(
      () => abort.abort(TrunklineError.from(TIMED_OUT)),
      Math.min(definition?.timeoutMs ?? this.core.limits.actionTimeoutMs, MAX_TIMEOUT_MS),
    );
    const finish = async (): Promise<Outcome> => {
      let isClaimed = false;
      let outcome: Outcome;
      try {
        const claimed = await claim;
        isClaimed = claimed.status === 'claimed';
        if (claimed.status !== 'claimed') {
          running.runsElsewhere();
          outcome = await this.#attach(claimed, { key, abort, waiters });
        } else {
          abort.throwIfAborted();
          if (work === claim) work = this.#execute(connection, command, { key, abort, waiters });
          outcome = answered(this.core.logger, command.action, definition, await abort.race(Promise.resolve(work)));
        }
      } catch (error) {
        outcome = failed(this.core.logger, command.action, error);
      }
      clearTimeout(timer);
      running.over();
      this.#running.delete(key);
      // Who claimed it, and nobody else, says what became of it.
      return isClaimed ? this.#settle(command, key, outcome) : outcome;
    };
    const running = new RunningRequest(
      {
        ...{ data: command.data, abort, waiters, bound: command.bound ?? false },
        isAwaitedElsewhere: () => this.core.ledger.isAwaited(key),
      },
      // Not before the entry is in its place: a claim may be answered at once.
      Promise.resolve().then(finish),
    );
    this.#running.set(key, running);
    return running.wait(connection, command.timeoutMs);
  }

  /** Waits for what another node came to, or takes what is remembered of it. */
  async #attach(claim: Exclude<Claim, typeof CLAIMED>, { key, abort, waiters }: Run): Promise<Outcome> {
    if (claim.status === 'conflict') throw idConflict();
    if (claim.status === 'settled') return claim.result as Outcome;
    abort.throwIfAborted();
    const settled = this.core.ledger.settled(key, abort.signal, (data) => waiters.tellProgress(data));
    return (await abort.race(settled)) as Outcome;
  }

  #settle(command: RequestCommand, key: string, outcome: Outcome): Outcome {
    if (!command.bound) this.#remember(key, outcome);
    return outcome;
  }

  #execute(connection: Connection, command: RequestCommand, { key, abort, waiters }: Run): unknown {
    const { principal } = connection;
    const progress = (data: unknown) => {
      if (waiters.isOver) return;
      waiters.tellProgress(data);
      if (!command.bound) this.core.ledger.tellProgress(key, data);
    };
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
    const { ledger, logger } = this.core;
    const told = mayRunAgain(outcome) ? ledger.release(key, outcome) : ledger.settle(key, keepable(outcome), KEPT_MS);
    if (told === undefined) return;
    this.#remembering += 1;
    told
      .catch((error: unknown) => logger.debug({ err: error }, 'a request result could not be remembered yet'))
      .finally(() => (this.#remembering -= 1));
  }
}

/** Of what is too large to keep a retry must learn that it ran: it must not run again. */
function keepable(outcome: Outcome): Outcome {
  const fits = surelyFits(outcome, KEPT_BYTES) || Buffer.byteLength(JSON.stringify(outcome)) <= KEPT_BYTES;
  return fits ? outcome : NOT_KEPT;
}

function idConflict(): TrunklineError {
  return new TrunklineError('id_conflict', 'This id was used for another payload; make a new id.', { path: 'id' });
}

/** Lengths keep ('a', 'bc') and ('ab', 'c') apart. Joined as a list it is one flat string, which is kept for long. */
function keyOf(userId: string, { action, id }: RequestCommand, connectionId: string): string {
  const lengths = `${userId.length}.${action.length}.${connectionId.length}`;
  return [lengths, userId, action, connectionId, id].join(':');
}
