import type { Core } from './core.js';
import { type CountEntry, SharedCounts } from './shared-counts.js';
import type { Signal } from './signals.js';
import type { UserBuckets } from './user-buckets.js';

/** So soon the other nodes know. */
const TELL_MS = 250;
/** Everything is said again, for nodes that are new or missed it. */
const REPEAT_MS = 4_000;
/** A message's size is bounded; there may be several. */
const MAX_ENTRIES = 500;
/** Who uses less than this share of a limit on a node is not spoken of: ten such nodes make one limit. */
const WORTH_TELLING = 0.1;

/**
 * Makes the limits of a user and of an address hold over all nodes without asking anybody: each node tells the others
 * what was used here, a moment late, and counts what it hears as if it were used here. While the broker is away each
 * node limits for itself.
 */
export class NodeUsage {
  readonly addresses: SharedCounts;
  readonly users: SharedCounts;
  readonly #isAlone: boolean;
  readonly #leastMessages: number;
  #timer: NodeJS.Timeout | undefined;
  #repeatedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly core: Core,
    private readonly buckets: UserBuckets,
  ) {
    const { connectionsPerAddress, connectionsPerUser } = core.limits;
    // A broker of one process has nobody to tell.
    this.#isAlone = core.broker.name === 'memory';
    const least = (limit: number) =>
      this.#isAlone ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(limit * WORTH_TELLING));
    this.addresses = new SharedCounts(least(connectionsPerAddress));
    this.users = new SharedCounts(least(connectionsPerUser));
    this.#leastMessages = (buckets.messagesPerSecond * WORTH_TELLING * TELL_MS) / 1_000;
  }

  start(): void {
    if (this.#isAlone) return;
    this.#timer = setInterval(() => this.#tell(), TELL_MS).unref();
  }

  /** Says what is left, so that those who move to another node are not counted twice there. */
  close(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#tell();
  }

  heard({ nodeId, addresses, users, messages, refreshes }: Signal & { readonly t: 'usage' }): void {
    if (nodeId === this.core.broker.nodeId) return;
    this.addresses.hear(nodeId, addresses);
    this.users.hear(nodeId, users);
    for (const [userId, spent] of messages) this.buckets.of(userId).messages.debit(spent);
    for (const [userId, spent] of refreshes) this.buckets.of(userId).refreshes.debit(spent);
  }

  #tell(): void {
    const now = performance.now();
    const isRepeat = now - this.#repeatedAt >= REPEAT_MS;
    const { messages, refreshes } = this.buckets.takeSpent(this.#leastMessages);
    const kinds = {
      addresses: this.#counts(this.addresses, isRepeat),
      users: this.#counts(this.users, isRepeat),
      messages,
      refreshes,
    };
    if (isRepeat) this.#repeatedAt = now;
    const most = Math.max(...Object.values(kinds).map(({ length }) => length));
    for (let from = 0; from < most; from += MAX_ENTRIES) {
      const part = (entries: readonly CountEntry[]) => entries.slice(from, from + MAX_ENTRIES) as [string, number][];
      this.core.broker.signal('all', {
        t: 'usage',
        nodeId: this.core.broker.nodeId,
        addresses: part(kinds.addresses),
        users: part(kinds.users),
        messages: part(kinds.messages),
        refreshes: part(kinds.refreshes),
      } satisfies Signal);
    }
  }

  #counts(counts: SharedCounts, isRepeat: boolean): readonly CountEntry[] {
    const changed = counts.takeChanged();
    if (!isRepeat) return changed;
    counts.sweep();
    return [...changed.filter(([, count]) => count === 0), ...counts.all()];
  }
}
