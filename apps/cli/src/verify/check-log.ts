import type { FinalLog, Finding, HistoryEntry } from './history.js';
import { standingOf } from './rewinds.js';

type Invoke = HistoryEntry & { readonly type: 'invoke' };
type Ok = HistoryEntry & { readonly type: 'ok' };

/** What became of each publish, by its uid. */
export interface Publishes {
  readonly invoked: ReadonlyMap<string, Invoke>;
  readonly ok: ReadonlyMap<string, Ok>;
  readonly failed: ReadonlySet<string>;
  readonly unknown: ReadonlySet<string>;
}

export function publishesOf(history: readonly HistoryEntry[]): Publishes {
  const invoked = new Map<string, Invoke>();
  const ok = new Map<string, Ok>();
  const failed = new Set<string>();
  const unknown = new Set<string>();
  for (const entry of history) {
    if (entry.type === 'invoke') invoked.set(entry.uid, entry);
    else if (entry.type === 'ok') ok.set(entry.uid, entry);
    else if (entry.type === 'fail') failed.add(entry.uid);
    else if (entry.type === 'unknown') unknown.add(entry.uid);
  }
  return { invoked, ok, failed, unknown };
}

/** Holds the acknowledgements against the logs: nothing acknowledged is missing, nothing refused is there, nothing is there twice. */
export function checkLogs(
  history: readonly HistoryEntry[],
  publishes: Publishes,
  logs: readonly FinalLog[],
): Finding[] {
  const stands = standingOf(history, logs);
  const ok = new Map([...publishes.ok].filter(([uid, acked]) => stands(publishes.invoked.get(uid)?.room ?? '', acked)));
  const standing = { ...publishes, ok };
  return [
    ...logs.flatMap((log) => [...checkEntries(log, publishes), ...checkAcknowledged(log, publishes)]),
    ...checkSettled(publishes),
    ...checkPublisherOrder(standing),
    ...checkRealTime(standing),
  ];
}

function checkEntries({ room, entries, trimmedOffset }: FinalLog, { invoked, failed }: Publishes): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, number>();
  let expected = trimmedOffset + 1;
  for (const { offset, uid } of entries) {
    if (offset !== expected)
      findings.push({ violation: 'store-hole', room, detail: `offset ${expected} is missing, ${offset} follows` });
    expected = offset + 1;
    const earlier = seen.get(uid);
    if (earlier !== undefined)
      findings.push({ violation: 'store-duplicate', room, detail: `${uid} at ${earlier} and ${offset}` });
    seen.set(uid, offset);
    if (failed.has(uid)) findings.push({ violation: 'failed-but-present', room, detail: `${uid} at ${offset}` });
    if (!invoked.has(uid))
      findings.push({ violation: 'phantom', room, detail: `${uid} at ${offset} was never published` });
  }
  return findings;
}

/** An acknowledgement of another epoch is judged by whether members were told of the change. */
function checkAcknowledged(log: FinalLog, { invoked, ok }: Publishes): Finding[] {
  const byOffset = new Map(log.entries.map((entry) => [entry.offset, entry]));
  const findings: Finding[] = [];
  for (const [uid, { epoch, offset }] of ok) {
    if (invoked.get(uid)?.room !== log.room || epoch !== log.position.epoch || offset <= log.trimmedOffset) continue;
    const there = byOffset.get(offset);
    if (there?.uid !== uid)
      findings.push({
        violation: 'lost-acknowledged',
        room: log.room,
        detail: `${uid} at ${offset}: found ${there?.uid ?? 'nothing'}`,
      });
  }
  return findings;
}

function checkSettled({ invoked, ok, failed, unknown }: Publishes): Finding[] {
  const findings: Finding[] = [];
  for (const [uid, { room }] of invoked) {
    const outcomes = Number(ok.has(uid)) + Number(failed.has(uid)) + Number(unknown.has(uid));
    if (outcomes !== 1) findings.push({ violation: 'never-settled', room, detail: `${uid} settled ${outcomes} times` });
  }
  return findings;
}

/** One publisher's events keep the order in which it sent them. */
function checkPublisherOrder({ invoked, ok }: Publishes): Finding[] {
  const last = new Map<string, { seq: number; offset: number }>();
  const findings: Finding[] = [];
  for (const [uid, { client, room, seq }] of invoked) {
    const acked = ok.get(uid);
    if (acked === undefined) continue;
    const lane = `${client}\n${room}\n${acked.epoch}`;
    const before = last.get(lane);
    if (before && before.seq < seq && before.offset > acked.offset) {
      findings.push({
        violation: 'publisher-order',
        room,
        detail: `${uid} at ${acked.offset} after seq ${before.seq} at ${before.offset}`,
      });
    }
    last.set(lane, { seq, offset: acked.offset });
  }
  return findings;
}

/** What was acknowledged before another was sent has the lower offset. */
function checkRealTime({ invoked, ok }: Publishes): Finding[] {
  const lanes = new Map<string, { at: number; done: number; offset: number; uid: string }[]>();
  for (const [uid, acked] of ok) {
    const sent = invoked.get(uid);
    if (sent === undefined) continue;
    const lane = `${sent.room}\n${acked.epoch}`;
    const operations = lanes.get(lane) ?? [];
    lanes.set(lane, operations);
    operations.push({ at: sent.at, done: acked.at, offset: acked.offset, uid });
  }
  const findings: Finding[] = [];
  for (const [lane, operations] of lanes) {
    operations.sort((a, b) => a.offset - b.offset);
    // Going down the offsets: no later one may have been done before an earlier one began.
    let earliestDone = Number.POSITIVE_INFINITY;
    let culprit = '';
    for (const operation of operations.reverse()) {
      if (operation.at > earliestDone)
        findings.push({
          violation: 'real-time-order',
          room: lane.split('\n')[0] ?? '',
          detail: `${operation.uid} began after ${culprit} was done, and has the lower offset`,
        });
      if (operation.done < earliestDone) {
        earliestDone = operation.done;
        culprit = operation.uid;
      }
    }
  }
  return findings;
}
