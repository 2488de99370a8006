import { TrunklineError } from '@trunkline/protocol';
import type { Redis } from 'ioredis';
import type { Appended, Publication } from '../../seams/broker.js';
import { argumentsOf, byRoom, readReply, type Together, type Worded, wordingOf } from './append-call.js';
import { isPerhapsHeld, isReplyError, isUnsent, unavailable } from './redis-failure.js';
import type { RedisKeys } from './redis-keys.js';
import { isForgotten } from './redis-script.js';
import type { RefusalLog } from './refusal-log.js';
import { appendScript } from './scripts/append.js';

const MAX_OUTSTANDING = 20_000;
const MAX_OUTSTANDING_CHARS = 64 * 1_048_576;
const SWEEP_MS = 100;
const WAIT_MS = 1_000;

export interface AppendLaneOptions {
  readonly redis: Redis;
  readonly keys: RedisKeys;
  /** Within it every publish settles, milliseconds. */
  readonly deadlineMs: number;
  /** @default silent */
  readonly refused?: RefusalLog;
}

/**
 * Appends over one connection, a room's publishes in call order; those of one turn are one call. A publish whose reply
 * was lost is sent again, under the same key, when the connection is back within its deadline; one that was told
 * `unavailable` never is.
 */
export interface AppendLane {
  publish(publication: Publication): Promise<Appended>;
  /** The connection is new: what waits goes first. */
  resume(): Promise<void>;
  /** The first connection is on its way: what is published waits for it, within its deadline. */
  expect(): void;
  /** The connection is gone. */
  suspend(reason: string): void;
  close(): void;
}

interface Job extends Worded {
  readonly order: number;
  readonly deadlineAt: number;
  attempts: number;
  /** An attempt may have been written although we saw no reply. */
  maybeHeld: boolean;
  settled: boolean;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: TrunklineError) => void;
}

export function createAppendLane({ redis, keys, deadlineMs, refused }: AppendLaneOptions): AppendLane {
  let mode: 'open' | 'reloading' | 'away' = 'away';
  let reason = 'Redis can not be reached';
  let order = 0;
  let chars = 0;
  /** Of this turn, and not sent yet. */
  const gathered: Job[] = [];
  /** Sent, and not answered. */
  const inFlight = new Set<Job>();
  let waiting: Job[] = [];
  /** The newest publish of each publisher and room that was given up while the connection was gone. */
  const givenUp = new Map<string, number>();
  let sweeper: NodeJS.Timeout | undefined;

  const outstanding = (): number => gathered.length + inFlight.size + waiting.length;

  function settle(job: Job, error: TrunklineError | null, appended?: Appended): void {
    if (job.settled) return;
    job.settled = true;
    if (error !== null) job.reject(error);
    else if (appended !== undefined) job.resolve(appended);
  }

  function giveUp(job: Job, cause: unknown): void {
    if (!job.maybeHeld) settle(job, unavailable(cause));
    else {
      const message = 'It is not known whether the log holds this event; the same id may be sent again.';
      settle(job, new TrunklineError('unknown_outcome', message, { retrySafe: true, cause }));
    }
  }

  function forget(job: Job): void {
    chars -= job.wording.payload.length;
    if (outstanding() > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  }

  function sweep(): void {
    const now = performance.now();
    // What is sent again together goes room by room: the order in flight is not that of the deadlines.
    for (const job of inFlight) {
      if (job.settled || job.deadlineAt > now) continue;
      job.maybeHeld = true;
      giveUp(job, 'no reply in time');
    }
    const late = waiting.filter((job) => job.deadlineAt <= now);
    if (late.length === 0) return;
    waiting = waiting.filter((job) => job.deadlineAt > now);
    for (const job of late) {
      abandon(job, reason);
      forget(job);
    }
  }

  /** Gives up a publish that will not be sent again: later ones of its publisher must not overtake it. */
  function abandon(job: Job, cause: unknown): void {
    giveUp(job, cause);
    givenUp.set(publisherOf(job), job.order);
  }

  function sendGathered(): void {
    if (mode === 'open') sendAll(gathered.splice(0));
    else waiting.push(...gathered.splice(0));
  }

  /** What one turn sends leaves in one write: a system call a publish was a quarter of what a publish cost. */
  function sendAll(jobs: readonly Job[]): void {
    redis.stream?.cork();
    for (const together of byRoom(jobs)) send(together);
    redis.stream?.uncork();
  }

  function send(together: Together<Job>): void {
    for (const job of together) {
      job.attempts += 1;
      inFlight.add(job);
    }
    const called = redis.evalsha(appendScript.sha, appendScript.keys + together.length, ...argumentsOf(together, keys));
    const wanted = together[0].publication.minReplicas;
    const copied = wanted === 0 ? wanted : redis.wait(wanted, Math.min(WAIT_MS, deadlineMs));
    // Its own failure shows in the append as well, or is told below.
    if (wanted > 0) Promise.resolve(copied).catch(() => undefined);
    for (const [index, job] of together.entries())
      called.then((replies) => answered(job, replies, index, copied)).catch((error: unknown) => failed(job, error));
  }

  async function answered(job: Job, replies: unknown, index: number, copied: number | Promise<number>): Promise<void> {
    // A connection is served in order: what was given up on it before, as timed out, can not be overtaken any more.
    if (mode === 'open') for (const [publisher, last] of givenUp) if (last < job.order) givenUp.delete(publisher);
    const reply: unknown = Array.isArray(replies) ? replies[index] : replies;
    const result = readReply(reply, job.attempts > 1 ? job.publication.eventId : null);
    if (typeof copied !== 'number') {
      job.maybeHeld = true;
      const copies = await copied;
      if (copies < job.publication.minReplicas && result.status !== 'conflict') giveUp(job, `${copies} replicas`);
    }
    inFlight.delete(job);
    settle(job, null, result);
    afterAnswer(job);
  }

  function failed(job: Job, error: unknown): void {
    inFlight.delete(job);
    job.maybeHeld ||= isPerhapsHeld(error);
    if (!isForgotten(error)) refused?.(error, keys.log(job.publication.room));
    if (isForgotten(error)) {
      if (mode === 'open') mode = 'reloading';
    } else if (isReplyError(error) || (isUnsent(error) && !job.maybeHeld)) giveUp(job, error);
    else if (!isUnsent(error)) {
      job.maybeHeld = true;
      if (error instanceof Error && error.message === 'Command timed out') giveUp(job, error);
    }
    if (!job.settled) waiting.push(job);
    else if (!isReplyError(error) || isForgotten(error)) givenUp.set(publisherOf(job), job.order);
    afterAnswer(job);
  }

  function afterAnswer(job: Job): void {
    if (job.settled) forget(job);
    // Only when nothing is in flight can the order of what is sent again be kept.
    if (mode === 'reloading' && inFlight.size === 0) void reload();
  }

  async function reload(): Promise<void> {
    try {
      await redis.script('LOAD', appendScript.lua);
    } catch (error) {
      if (mode !== 'reloading') return;
      for (const job of waiting.splice(0)) {
        giveUp(job, error);
        forget(job);
      }
      mode = 'open';
      return;
    }
    if (mode === 'reloading') flush();
  }

  function flush(): void {
    mode = 'open';
    const mayGo = (job: Job): boolean => job.order < (givenUp.get(publisherOf(job)) ?? Number.POSITIVE_INFINITY);
    const jobs = waiting.splice(0).sort((a, b) => a.order - b.order);
    for (const job of jobs) {
      if (mayGo(job)) continue;
      giveUp(job, 'An earlier publish of this publisher was given up');
      forget(job);
    }
    sendAll(jobs.filter(mayGo));
    givenUp.clear();
  }

  return {
    publish(publication) {
      if (mode === 'away') return Promise.reject(unavailable(reason));
      if (outstanding() >= MAX_OUTSTANDING || chars >= MAX_OUTSTANDING_CHARS) {
        return Promise.reject(new TrunklineError('unavailable', 'Redis does not keep up.', { retryAfterMs: 1_000 }));
      }
      return new Promise((resolve, reject) => {
        const wording = wordingOf(publication, keys);
        const deadlineAt = performance.now() + deadlineMs;
        order += 1;
        chars += wording.payload.length;
        const job: Job = {
          publication,
          wording,
          order,
          deadlineAt,
          resolve,
          reject,
          attempts: 0,
          maybeHeld: false,
          settled: false,
        };
        sweeper ??= setInterval(sweep, SWEEP_MS);
        if (mode !== 'open') waiting.push(job);
        else if (gathered.push(job) === 1) setImmediate(sendGathered);
      });
    },
    async resume() {
      await redis.script('LOAD', appendScript.lua);
      flush();
    },
    expect() {
      mode = 'reloading';
    },
    suspend(why) {
      mode = 'away';
      reason = why;
    },
    close() {
      mode = 'away';
      reason = 'closed';
      clearInterval(sweeper);
      for (const job of [...inFlight, ...gathered.splice(0), ...waiting.splice(0)]) {
        job.maybeHeld ||= inFlight.has(job);
        giveUp(job, reason);
      }
    },
  };
}

/** Whose order a publish keeps. */
function publisherOf({ publication }: Job): string {
  return `${publication.room}\n${publication.key?.userId ?? ''}`;
}
