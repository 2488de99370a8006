import { checkLogs, publishesOf } from './check-log.js';
import { checkMembers } from './check-members.js';
import type { FinalLog, Finding, HistoryEntry } from './history.js';

/** The outcome of a run, in numbers a manager can read. */
export interface Ledger {
  readonly published: number;
  readonly acknowledged: number;
  /** Refused for certain. */
  readonly failed: number;
  readonly unknown: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly silentGaps: number;
  readonly reportedGaps: number;
  /** Acknowledged in an epoch that ended; its end was told to every member, or it is a silent gap. */
  readonly endedWithEpoch: number;
  readonly resumes: number;
  readonly resumeP50Ms: number;
  readonly resumeP99Ms: number;
  readonly findings: readonly Finding[];
}

/** Judges a history. Violations are in `findings`; the counts sum them up. */
export function judge(history: readonly HistoryEntry[], logs: readonly FinalLog[]): Ledger {
  const ordered = [...history].sort((a, b) => a.at - b.at);
  const publishes = publishesOf(ordered);
  const findings = [...checkLogs(ordered, publishes, logs), ...checkMembers(ordered, publishes, logs)];
  const count = (...violations: readonly Finding['violation'][]) =>
    findings.filter(({ violation }) => violations.includes(violation)).length;
  const epochs = new Map(logs.map((log) => [log.room, log.position.epoch]));
  const ended = [...publishes.ok].filter(
    ([uid, { epoch }]) => epochs.get(publishes.invoked.get(uid)?.room ?? '') !== epoch,
  ).length;
  const resumes = ordered
    .flatMap((entry) => (entry.type === 'resumed' ? [entry.durationMs] : []))
    .sort((a, b) => a - b);
  return {
    published: publishes.invoked.size,
    acknowledged: publishes.ok.size,
    failed: publishes.failed.size,
    unknown: publishes.unknown.size,
    delivered: ordered.filter(({ type }) => type === 'event').length,
    lost: count('lost-acknowledged'),
    duplicated: count('store-duplicate', 'duplicate-delivery'),
    reordered: count('out-of-order', 'publisher-order', 'divergent-order', 'real-time-order'),
    silentGaps: count('silent-gap', 'silent-epoch-change'),
    reportedGaps: ordered.filter(({ type }) => type === 'gap').length,
    endedWithEpoch: ended,
    resumes: resumes.length,
    resumeP50Ms: percentile(resumes, 0.5),
    resumeP99Ms: percentile(resumes, 0.99),
    findings,
  };
}

function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

/** The upper bound of a violation's probability after n trials without one, at 95 %. */
export function ruleOfThree(trials: number): string {
  return trials === 0 ? 'no trials' : `95 % upper bound ${(3 / trials).toExponential(1)}`;
}
