import type { BrokerStatus } from '../../seams/broker.js';
import type { Logger } from '../../seams/logger.js';

/** What is known about the link; the status follows from it. */
export interface LinkFacts {
  /** Commands may be sent. */
  readonly usable: boolean;
  /** Why the command connection was lost last. */
  readonly lossReason: string;
  /** What stands against this server: a replica, too old, loading. */
  readonly obstacle: string | null;
  /** Why Redis refused the last small write. */
  readonly refusal: string | null;
  /** What an ACL keeps this node from hearing of our channels. */
  readonly mayNotHear: string | null;
  /** What it keeps this node from saying there. */
  readonly mayNotSay: string | null;
  /** Our own canary was heard on this subscriber. */
  readonly hearing: boolean;
  /** What was missed is repaired. */
  readonly healed: boolean;
  /** Until when not hearing is not yet deafness, by `performance.now()`. */
  readonly graceUntil: number;
  readonly closed: boolean;
}

/** Turns facts into a status and tells each change once. */
export interface LinkStatus {
  readonly facts: LinkFacts;
  readonly current: BrokerStatus;
  /** Why nothing can be sent or written, in words. */
  readonly reason: string;
  set(change: Partial<LinkFacts>): void;
  /** For so long not hearing is not yet deafness. */
  forgive(): void;
  /** Resolves when `starting` ends, which it does after so long, whatever the facts. */
  settled(timeoutMs: number): Promise<void>;
  onChange(listener: (status: BrokerStatus) => void): void;
}

/** A subscriber that comes back within it is repaired without a word: appends need not stop for it. */
const GRACE_MS = 1_500;

export function createLinkStatus(logger: Logger, label: string): LinkStatus {
  const listeners: ((status: BrokerStatus) => void)[] = [];
  let current: BrokerStatus = { state: 'starting' };
  let timer: NodeJS.Timeout | undefined;
  let facts: LinkFacts = {
    usable: false,
    lossReason: 'Redis can not be reached',
    obstacle: null,
    refusal: null,
    mayNotHear: null,
    mayNotSay: null,
    hearing: false,
    healed: false,
    graceUntil: 0,
    closed: false,
  };

  function announce(next: BrokerStatus): void {
    if (isSame(next, current)) return;
    current = next;
    if (next.state === 'connected') logger.info({ redis: label }, 'Redis is connected');
    else if (next.state === 'degraded' && !facts.closed)
      logger.warn({ reason: next.reason, redis: label }, 'Redis is away');
    for (const listener of listeners) listener(next);
  }

  function evaluate(): void {
    const next = statusOf(facts, current, performance.now());
    if (current.state !== 'starting' || next.state === 'connected' || facts.closed) announce(next);
  }

  function set(change: Partial<LinkFacts>): void {
    const before = forbiddenIn(facts);
    facts = { ...facts, ...change };
    const now = forbiddenIn(facts);
    if (now !== null && now !== before) logger.error({ redis: label }, now);
    if (facts.closed) clearTimeout(timer);
    evaluate();
  }

  return {
    get facts() {
      return facts;
    },
    get current() {
      return current;
    },
    get reason() {
      return facts.obstacle ?? facts.refusal ?? facts.lossReason;
    },
    set,
    forgive() {
      clearTimeout(timer);
      if (!facts.closed) timer = setTimeout(evaluate, GRACE_MS + 1);
      set({ graceUntil: performance.now() + GRACE_MS });
    },
    settled: (timeoutMs) =>
      new Promise((resolve) => {
        const late = setTimeout(() => {
          if (current.state === 'starting') announce(statusOf(facts, current, performance.now()));
          resolve();
        }, timeoutMs);
        listeners.push(() => {
          clearTimeout(late);
          resolve();
        });
      }),
    onChange: (listener) => void listeners.push(listener),
  };
}

/** Pure; exported for its table of cases. */
export function statusOf(facts: LinkFacts, before: BrokerStatus, now: number): BrokerStatus {
  if (facts.closed) return { state: 'degraded', reason: 'closed' };
  if (!facts.usable) return { state: 'degraded', reason: facts.lossReason };
  const trouble = facts.obstacle ?? facts.refusal;
  if (trouble !== null) return { state: 'degraded', reason: trouble };
  const forbidden = forbiddenIn(facts);
  if (forbidden !== null) return { state: 'degraded', reason: forbidden, deaf: true };
  if (facts.hearing && facts.healed) return { state: 'connected' };
  if (now >= facts.graceUntil) return { state: 'degraded', reason: 'this node does not hear Redis', deaf: true };
  return before.state === 'connected' ? before : { state: 'degraded', reason: facts.lossReason };
}

function forbiddenIn({ mayNotHear, mayNotSay }: LinkFacts): string | null {
  return mayNotHear ?? mayNotSay;
}

function isSame(one: BrokerStatus, other: BrokerStatus): boolean {
  if (one.state !== 'degraded' || other.state !== 'degraded') return one.state === other.state;
  return one.reason === other.reason && one.deaf === other.deaf;
}
