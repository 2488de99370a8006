import type { HistoryEntry } from '@trunkline/cli/verify';

/** How a crowd came back after losing its node. */
export interface Rush {
  /** Clients that came back. */
  readonly returned: number;
  /** The fullest 100 ms of welcomes, wherever they begin, as a share of `returned`. */
  readonly peakShare: number;
  /** The same of tries to connect: what the other nodes had to bear. */
  readonly peakTries: number;
  /** From the loss to the last welcome. */
  readonly lastMs: number;
}

/** DESIGN's bound for the fullest 100 ms. */
export const MAX_PEAK_SHARE = 0.2;
const WINDOW_MICROS = 100_000;

/** Reads from the history who was welcomed again after `since`, by the monotonic clock. */
export function describeRush(history: readonly HistoryEntry[], since: number): Rush {
  const times = (wanted: HistoryEntry['type']) =>
    history.flatMap(({ type, at }) => (type === wanted && at >= since ? [at] : [])).sort((a, b) => a - b);
  const returns = times('resumed');
  const share = (fullest: number) => (returns.length === 0 ? 0 : fullest / returns.length);
  return {
    returned: returns.length,
    peakShare: share(fullestWindow(returns)),
    peakTries: share(fullestWindow(times('retry'))),
    lastMs: Math.round(((returns.at(-1) ?? since) - since) / 1_000),
  };
}

function fullestWindow(sorted: readonly number[]): number {
  let fullest = 0;
  let first = 0;
  sorted.forEach((at, index) => {
    while (at - (sorted[first] ?? at) >= WINDOW_MICROS) first += 1;
    fullest = Math.max(fullest, index - first + 1);
  });
  return fullest;
}
