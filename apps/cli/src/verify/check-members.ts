import type { Position } from '@trunkline/protocol';
import type { Publishes } from './check-log.js';
import type { FinalLog, Finding, HistoryEntry } from './history.js';
import { rewoundEpochs } from './rewinds.js';

type EventEntry = HistoryEntry & { readonly type: 'event' };

/** One member's place in one room, by what its application was told. */
interface Member {
  readonly client: string;
  readonly room: string;
  epoch: string;
  offset: number;
  readonly seen: Map<string, number>;
  /** Ids of the events that its application was shown, ever. */
  readonly shown: Set<string>;
  /** Those of them whose publish ended as unknown, with the epoch. */
  readonly uncertain: Map<string, string>;
  /** Left on purpose, and not joined again. */
  away: boolean;
}

/** Holds what each application callback saw against the promise: by offset, each once, or told. */
export function checkMembers(
  history: readonly HistoryEntry[],
  publishes: Publishes,
  logs: readonly FinalLog[],
): Finding[] {
  const members = new Map<string, Member>();
  const ended = new Set<string>();
  const order = new Map<string, string>();
  const disagreements: { readonly member: Member; readonly epoch: string; readonly finding: Finding }[] = [];
  const places = placesOf(history, publishes, logs);
  const findings: Finding[] = [];
  for (const entry of history) {
    if (entry.type === 'end') ended.add(entry.client);
    if (entry.type !== 'start' && entry.type !== 'left' && entry.type !== 'gap' && entry.type !== 'event') continue;
    const key = `${entry.client}\n${entry.room}`;
    const member = members.get(key) ?? {
      client: entry.client,
      room: entry.room,
      epoch: '',
      offset: 0,
      seen: new Map(),
      shown: new Set(),
      uncertain: new Map(),
      away: false,
    };
    members.set(key, member);
    if (entry.type === 'event') {
      if (publishes.unknown.has(entry.uid)) member.uncertain.set(entry.eventId, entry.epoch);
      findings.push(...deliver(member, entry, places), ...belongs(entry, publishes));
      const finding = agree(order, entry);
      if (finding !== null) disagreements.push({ member, epoch: entry.epoch, finding });
    } else if (entry.type === 'left') member.away = true;
    else if (entry.type === 'start') start(member, entry.position);
    else move(member, entry.position);
  }
  // Two masters at once, until the sentinels demote one, use the places of an epoch twice: who is told of its end is told of that.
  const rewound = rewoundEpochs(history);
  for (const { member, epoch, finding } of disagreements) {
    const isOver = member.epoch !== epoch || member.away || ended.has(member.client);
    if (!isOver || !rewound.has(`${member.room}\n${epoch}`)) findings.push(finding);
  }
  for (const member of members.values())
    if (!ended.has(member.client) && !member.away) findings.push(...arrived(member, logs, places));
  return findings;
}

/** A membership that begins anew owes and remembers nothing of the one before. */
function start(member: Member, position: Position): void {
  member.away = false;
  member.seen.clear();
  member.shown.clear();
  member.uncertain.clear();
  move(member, position);
}

function move(member: Member, { epoch, offset }: Position): void {
  member.epoch = epoch;
  member.offset = offset;
}

function deliver(
  member: Member,
  { room, epoch, offset, uid, client, eventId }: EventEntry,
  places: ReadonlyMap<string, string>,
): Finding[] {
  const where = `${client}: ${uid} at ${offset}`;
  if (member.away) return [{ violation: 'delivery-after-leave', room, detail: where }];
  const lane = `${epoch}\n${uid}`;
  const earlier = member.seen.get(lane);
  member.seen.set(lane, offset);
  member.shown.add(eventId);
  if (epoch !== member.epoch) {
    const finding: Finding = {
      violation: 'silent-epoch-change',
      room,
      detail: `${where}, epoch ${epoch} after ${member.epoch}`,
    };
    move(member, { epoch, offset, lastId: '' });
    return [finding];
  }
  if (earlier !== undefined)
    return [{ violation: 'duplicate-delivery', room, detail: `${where}, before at ${earlier}` }];
  if (offset <= member.offset) return [{ violation: 'out-of-order', room, detail: `${where} after ${member.offset}` }];
  const before = member.offset;
  const isWhole = hasSeenAll(member, offset - 1, places);
  member.offset = offset;
  return isWhole ? [] : [{ violation: 'silent-gap', room, detail: `${where} after ${before}` }];
}

/**
 * Up to there, whatever follows its offset was shown to it in an earlier epoch. Where nobody knows what stands at a place,
 * because nobody was told of it, an event explains it whose publish never learnt its outcome; each explains one place.
 */
function hasSeenAll(member: Member, to: number, places: ReadonlyMap<string, string>): boolean {
  const { room, epoch, offset, shown, uncertain } = member;
  if (offset > to) return false;
  for (let place = offset + 1; place <= to; place++) {
    const id = places.get(`${room}\n${epoch}\n${place}`);
    const explanation = id ?? [...uncertain].find(([, shownIn]) => shownIn !== epoch)?.[0];
    if (explanation === undefined || !shown.has(explanation)) return false;
    uncertain.delete(explanation);
  }
  return true;
}

/**
 * The id of the event at each place, as far as anybody knows it. An event that was shown in an epoch which ended and
 * stands in the next one as well, because its publish was repeated, is not shown again.
 */
function placesOf(
  history: readonly HistoryEntry[],
  { invoked, ok }: Publishes,
  logs: readonly FinalLog[],
): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const [uid, { epoch, offset, eventId }] of ok)
    places.set(`${invoked.get(uid)?.room}\n${epoch}\n${offset}`, eventId);
  for (const entry of history)
    if (entry.type === 'event') places.set(`${entry.room}\n${entry.epoch}\n${entry.offset}`, entry.eventId);
  for (const { room, position, entries } of logs)
    for (const { offset, eventId } of entries) places.set(`${room}\n${position.epoch}\n${offset}`, eventId);
  return places;
}

/** Every member sees the same event at one place. @returns null when it is so */
function agree(order: Map<string, string>, { room, epoch, offset, eventId, client }: EventEntry): Finding | null {
  const place = `${room}\n${epoch}\n${offset}`;
  const first = order.get(place);
  if (first === undefined) order.set(place, eventId);
  if (first === undefined || first === eventId) return null;
  return { violation: 'divergent-order', room, detail: `${client} at ${offset}: ${eventId}, another saw ${first}` };
}

function belongs({ room, intended, uid, client }: EventEntry, { invoked, failed }: Publishes): Finding[] {
  if (room !== intended) return [{ violation: 'cross-room-leak', room, detail: `${client} got ${uid} of ${intended}` }];
  if (!invoked.has(uid))
    return [{ violation: 'phantom', room, detail: `${client} got ${uid}, which nobody published` }];
  return failed.has(uid) ? [{ violation: 'failed-but-present', room, detail: `${client} got ${uid}` }] : [];
}

function arrived(member: Member, logs: readonly FinalLog[], places: ReadonlyMap<string, string>): Finding[] {
  const { client, room, epoch, offset } = member;
  const log = logs.find((one) => one.room === room);
  if (log === undefined) return [];
  if (epoch !== log.position.epoch)
    return [
      {
        violation: 'silent-epoch-change',
        room,
        detail: `${client} ended in epoch ${epoch}, the log in ${log.position.epoch}`,
      },
    ];
  return hasSeenAll(member, log.position.offset, places)
    ? []
    : [{ violation: 'stalled', room, detail: `${client} ended at ${offset} of ${log.position.offset}` }];
}
