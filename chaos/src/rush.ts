import type { HistoryEntry } from '@trunkline/cli/verify';

/** How a crowd came back after losing its node. */
export interface Rush {
  /** Clients that came back. */
  readonly returned: number;
  /** The fullest 100 ms, wherever they begin, as a share of `returned`. */
  readonly peakShare: number;
  /** From the loss to the last welcome. */
  readonly lastMs: number;
}

/** DESIGN's bound for the fullest 100 ms. */
export const MAX_PEAK_SHARE = 0.2;
const WINDOW_MICROS = 100_000;

/** Reads from the history who was welcomed again after `since`, by the monotonic clock. */
export function describeRush(history: readonly HistoryEntry[], since: number): Rush {
  const times = history
    .flatMap(({ type, at }) => (type === 'resumed' && at >= since ? [at] : []))
    .sort((a, b) => a - b);
  let peak = 0;
  let first = 0;
  times.forEach((at, index) => {
    while (at - (times[first] ?? at) >= WINDOW_MICROS) first += 1;
    peak = Math.max(peak, index - first + 1);
  });
  return {
    returned: times.length,
    peakShare: times.length === 0 ? 0 : peak / times.length,
    lastMs: Math.round(((times.at(-1) ?? since) - since) / 1_000),
  };
}
