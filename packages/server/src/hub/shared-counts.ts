interface Heard {
  readonly count: number;
  /** From then on the node is taken to be gone. */
  readonly until: number;
}

export type CountEntry = readonly [key: string, count: number];

/** What a node does not say again for so long is forgotten: it may be dead. */
const REMEMBERED_MS = 12_000;
const MAX_KEYS = 100_000;

/**
 * A count for each key, over all nodes as far as this one has heard: its own it tells the others, theirs it remembers.
 * Small counts are nobody's business and are not told.
 */
export class SharedCounts {
  readonly #own = new Map<string, number>();
  readonly #changed = new Set<string>();
  readonly #heard = new Map<string, Map<string, Heard>>();

  /** @param least counts from which on the others are told */
  constructor(private readonly least: number) {}

  /** This node's own count of a key has changed. */
  set(key: string, count: number): void {
    if (count >= this.least) this.#own.set(key, count);
    else if (!this.#own.delete(key)) return;
    this.#changed.add(key);
  }

  /** What the other nodes have of a key. */
  elsewhere(key: string): number {
    const byNode = this.#heard.get(key);
    if (byNode === undefined) return 0;
    const now = performance.now();
    let sum = 0;
    for (const { count, until } of byNode.values()) if (until > now) sum += count;
    return sum;
  }

  /** What the others do not know yet. */
  takeChanged(): CountEntry[] {
    const entries = [...this.#changed].map((key): CountEntry => [key, this.#own.get(key) ?? 0]);
    this.#changed.clear();
    return entries;
  }

  /** Everything, said again before it is forgotten. */
  all(): Iterable<CountEntry> {
    return this.#own;
  }

  hear(nodeId: string, entries: readonly CountEntry[]): void {
    const until = performance.now() + REMEMBERED_MS;
    for (const [key, count] of entries) {
      const byNode = this.#heard.get(key);
      if (count > 0 && byNode !== undefined) byNode.set(nodeId, { count, until });
      else if (count > 0 && this.#heard.size < MAX_KEYS) this.#heard.set(key, new Map([[nodeId, { count, until }]]));
      else if (byNode?.delete(nodeId) && byNode.size === 0) this.#heard.delete(key);
    }
  }

  /** Forgets what was not said again. */
  sweep(): void {
    const now = performance.now();
    for (const [key, byNode] of this.#heard) {
      for (const [nodeId, { until }] of byNode) if (until <= now) byNode.delete(nodeId);
      if (byNode.size === 0) this.#heard.delete(key);
    }
  }
}
