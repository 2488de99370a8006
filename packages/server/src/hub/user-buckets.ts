import type { Core } from './core.js';
import type { HubLimits } from './hub-api.js';
import { Offences } from './offences.js';
import type { CountEntry } from './shared-counts.js';
import { TokenBucket } from './token-bucket.js';

/** What all connections of one user may send together, in shares of one connection. */
const SHARES = 5;
/** A refresh asks for every right anew: there may be so many fewer of them than of messages, yet never none. */
const REFRESH_COST = 20;
const LEAST_REFRESHES = { perSecond: 1, burst: 5 };
const SWEPT_FROM = 10_000;

/** Refreshes have a bucket of their own, so that a client which sends as much as it may can still renew its token. */
export function createRefreshBucket(limits: HubLimits): TokenBucket {
  const { perSecond, burst } = refreshRate(limits);
  return new TokenBucket(perSecond, burst, performance.now());
}

function refreshRate({ messagesPerSecond, messageBurst }: HubLimits) {
  return {
    perSecond: Math.max(LEAST_REFRESHES.perSecond, messagesPerSecond / REFRESH_COST),
    burst: Math.max(LEAST_REFRESHES.burst, Math.floor(messageBurst / REFRESH_COST)),
  };
}

/** A user's bucket on this node; remembers what was taken here, for the other nodes. */
class SharedBucket extends TokenBucket {
  spent = 0;

  constructor(
    readonly userId: string,
    rate: { readonly perSecond: number; readonly burst: number },
    private readonly spenders: SharedBucket[] | null,
  ) {
    super(rate.perSecond * SHARES, rate.burst * SHARES, performance.now());
  }

  override take(now: number): number {
    const waitMs = super.take(now);
    if (waitMs === 0 && this.spenders !== null && this.spent++ === 0) this.spenders.push(this);
    return waitMs;
  }
}

/** What one user may still send. */
export class UserBucket {
  readonly messages: SharedBucket;
  #refreshes: SharedBucket | undefined;
  #offences: Offences | undefined;

  constructor(
    private readonly userId: string,
    private readonly owner: Pick<UserBuckets, 'limits' | 'messageSpenders' | 'refreshSpenders'>,
  ) {
    const { messagesPerSecond: perSecond, messageBurst: burst } = owner.limits;
    this.messages = new SharedBucket(userId, { perSecond, burst }, owner.messageSpenders);
  }

  get refreshes(): SharedBucket {
    const { limits, refreshSpenders } = this.owner;
    this.#refreshes ??= new SharedBucket(this.userId, refreshRate(limits), refreshSpenders);
    return this.#refreshes;
  }

  /** Undefined: it was not refused of late. Asked at every message, so it looks at the clock only where it must. */
  get offences(): Offences | undefined {
    if (this.#offences?.isForgotten(performance.now())) this.#offences = undefined;
    return this.#offences;
  }

  /** One more refusal by rate. */
  offend(now: number): Offences {
    this.#offences = this.offences ?? new Offences();
    this.#offences.add(now);
    return this.#offences;
  }

  /** True: a new one would say the same. */
  isUnused(now: number): boolean {
    return this.offences === undefined && this.messages.isFull(now) && (this.#refreshes?.isFull(now) ?? true);
  }
}

/**
 * Buckets shared by a user's connections. They outlive them until they are full again, so that connecting anew gains
 * nothing, here or on another node.
 */
export class UserBuckets {
  /** Null: there is no other node to tell. */
  readonly messageSpenders: SharedBucket[] | null;
  readonly refreshSpenders: SharedBucket[] | null;
  readonly #buckets = new Map<string, UserBucket>();
  #sweepAt = SWEPT_FROM;

  constructor(private readonly core: Core) {
    const isAlone = core.broker.name === 'memory';
    this.messageSpenders = isAlone ? null : [];
    this.refreshSpenders = isAlone ? null : [];
  }

  get limits(): HubLimits {
    return this.core.limits;
  }

  /** Of one user. */
  get messagesPerSecond(): number {
    return this.limits.messagesPerSecond * SHARES;
  }

  /** Undefined: it has sent nothing for a while. */
  known(userId: string): UserBucket | undefined {
    return this.#buckets.get(userId);
  }

  of(userId: string): UserBucket {
    const known = this.#buckets.get(userId);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(performance.now());
    const bucket = new UserBucket(userId, this);
    this.#buckets.set(userId, bucket);
    return bucket;
  }

  /** What was taken here since the last time, by user; `leastMessages` and fewer are not worth telling. */
  takeSpent(leastMessages: number): { readonly messages: CountEntry[]; readonly refreshes: CountEntry[] } {
    return { messages: take(this.messageSpenders, leastMessages), refreshes: take(this.refreshSpenders, 0) };
  }

  #sweep(now: number): void {
    for (const [userId, bucket] of this.#buckets)
      if (this.core.connections.countOf(userId) === 0 && bucket.isUnused(now)) this.#buckets.delete(userId);
    this.#sweepAt = Math.max(SWEPT_FROM, 2 * this.#buckets.size);
  }
}

function take(spenders: SharedBucket[] | null, least: number): CountEntry[] {
  const entries: CountEntry[] = [];
  if (spenders === null) return entries;
  for (const bucket of spenders) {
    if (bucket.spent > least) entries.push([bucket.userId, bucket.spent]);
    bucket.spent = 0;
  }
  spenders.length = 0;
  return entries;
}
