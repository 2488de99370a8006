import type { HistoryEntry } from '@trunkline/cli/verify';

/** One strike of a nemesis, by the monotonic clock in microseconds. */
export interface Strike {
  readonly nemesis: string;
  readonly cuts: boolean;
  readonly startedAt: number;
}

/** What happened from the strikes of one nemesis on, each until the next strike of any. */
export interface Effect {
  readonly nemesis: string;
  readonly cuts: boolean;
  times: number;
  acknowledged: number;
  unknown: number;
  gaps: number;
  /** How long each client that lost its connection then was away, milliseconds, in order. */
  readonly awayMs: number[];
  /** Those of them whose connection had been open for 5 s or more: the client's back-off had ended. */
  readonly calmAwayMs: number[];
  /** The others. */
  readonly hurriedAwayMs: number[];
}

/** After it a client counts its connection as stable. */
const STABLE_MS = 5_000;

export function effectsOf(strikes: readonly Strike[], history: readonly HistoryEntry[]): readonly Effect[] {
  const effects = new Map<string, Effect>();
  for (const { nemesis, cuts } of strikes) {
    const none: Effect = {
      ...{ nemesis, cuts, times: 0, acknowledged: 0, unknown: 0, gaps: 0 },
      ...{ awayMs: [], calmAwayMs: [], hurriedAwayMs: [] },
    };
    const effect = effects.get(nemesis) ?? none;
    effect.times += 1;
    effects.set(nemesis, effect);
  }
  for (const entry of history) {
    // A resume belongs to what cut it off, which may be long ago.
    const at = entry.type === 'resumed' ? entry.at - entry.durationMs * 1_000 : entry.at;
    const effect = effects.get(strikeAt(strikes, at)?.nemesis ?? '');
    if (effect === undefined) continue;
    if (entry.type === 'ok') effect.acknowledged += 1;
    else if (entry.type === 'unknown') effect.unknown += 1;
    else if (entry.type === 'gap') effect.gaps += 1;
    else if (entry.type === 'resumed') {
      effect.awayMs.push(entry.durationMs);
      (entry.openMs >= STABLE_MS ? effect.calmAwayMs : effect.hurriedAwayMs).push(entry.durationMs);
    }
  }
  for (const { awayMs } of effects.values()) awayMs.sort((a, b) => a - b);
  return [...effects.values()].sort((a, b) => a.nemesis.localeCompare(b.nemesis));
}

/** How often members were told of a gap, by reason. */
export function gapsByReason(history: readonly HistoryEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of history) if (entry.type === 'gap') counts.set(entry.reason, (counts.get(entry.reason) ?? 0) + 1);
  return counts;
}

/** The last one that began before. */
function strikeAt(strikes: readonly Strike[], at: number): Strike | undefined {
  let low = 0;
  let high = strikes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((strikes[middle]?.startedAt ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return strikes[low - 1];
}

/** @param sorted ascending */
export function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
