import { TrunklineError } from '@trunkline/protocol';
import type { Connection } from './connection.js';
import type { LazyAbort } from './lazy-abort.js';
import { type Outcome, TIMED_OUT } from './request-outcome.js';
import type { Waiters } from './waiters.js';

/** A request outlives the last connection that waits for it by this. */
const OUTLIVES_MS = 30_000;
/** The most that a timer of Node's takes: one of more fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

export interface RunningOptions {
  readonly data: unknown;
  readonly abort: LazyAbort;
  readonly waiters: Waiters;
  /** Ends with its connection. */
  readonly bound: boolean;
  isAwaitedElsewhere(): Promise<boolean>;
}

/** A request without an outcome yet, and who waits for it on this node. */
export class RunningRequest {
  /** Another node runs it; here it is only waited for. */
  #isElsewhere = false;
  #abandoned: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: RunningOptions,
    readonly outcome: Promise<Outcome>,
  ) {}

  get data(): unknown {
    return this.options.data;
  }

  isWaiting(connection: Connection): boolean {
    return this.options.waiters.has(connection);
  }

  join(connection: Connection): void {
    clearTimeout(this.#abandoned);
    this.options.waiters.add(connection);
  }

  /** The outcome, or `timeout` for this wait alone: the run goes on, for who sends the id again. */
  wait(connection: Connection, timeoutMs: number | undefined): Promise<Outcome> {
    if (timeoutMs === undefined) return this.outcome;
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => {
          resolve({ error: TIMED_OUT });
          this.options.waiters.remove(connection);
          this.#abandonWithoutWaiters();
        },
        Math.min(timeoutMs, LONGEST_TIMER_MS),
      );
      void this.outcome.then((outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
    });
  }

  cancel(connection: Connection, of: string): void {
    const { abort, waiters } = this.options;
    if (waiters.id === of && waiters.has(connection))
      abort.abort(new TrunklineError('cancelled', 'The request was cancelled.'));
  }

  gone(connection: Connection): void {
    if (this.options.waiters.delete(connection)) this.#abandonWithoutWaiters();
  }

  runsElsewhere(): void {
    this.#isElsewhere = true;
    this.#abandonWithoutWaiters();
  }

  over(): void {
    this.options.waiters.isOver = true;
    clearTimeout(this.#abandoned);
  }

  #abandonWithoutWaiters(): void {
    clearTimeout(this.#abandoned);
    if (this.#isSettledOrAwaited()) return;
    if (this.options.bound || this.#isElsewhere) this.#giveUp();
    else this.#abandoned = setTimeout(() => void this.#giveUpUnlessAwaited(), OUTLIVES_MS).unref();
  }

  async #giveUpUnlessAwaited(): Promise<void> {
    // Where it can not be known somebody may wait; the action's own timeout ends it.
    const isAwaited = await this.options.isAwaitedElsewhere().catch(() => true);
    if (this.#isSettledOrAwaited()) return;
    if (isAwaited) this.#abandonWithoutWaiters();
    else this.#giveUp();
  }

  #isSettledOrAwaited(): boolean {
    const { waiters } = this.options;
    return waiters.isOver || waiters.size > 0;
  }

  #giveUp(): void {
    this.options.abort.abort(new TrunklineError('cancelled', 'Nobody waits for this request any more.'));
  }
}
