import type { Position } from '@trunkline/protocol';
import type { Publishes } from './check-log.js';
import type { FinalLog, Finding, HistoryEntry } from './history.js';

type EventEntry = HistoryEntry & { readonly type: 'event' };

/** One member's place in one room, by what its application was told. */
interface Member {
  readonly client: string;
  readonly room: string;
  epoch: string;
  offset: number;
  readonly seen: Map<string, number>;
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
      away: false,
    };
    members.set(key, member);
    if (entry.type === 'event')
      findings.push(...deliver(member, entry), ...agree(order, entry), ...belongs(entry, publishes));
    else if (entry.type === 'left') member.away = true;
    else if (entry.type === 'start') start(member, entry.position);
    else move(member, entry.position);
  }
  for (const member of members.values())
    if (!ended.has(member.client) && !member.away) findings.push(...arrived(member, logs));
  return findings;
}

/** A membership that begins anew owes and remembers nothing of the one before. */
function start(member: Member, position: Position): void {
  member.away = false;
  member.seen.clear();
  move(member, position);
}

function move(member: Member, { epoch, offset }: Position): void {
  member.epoch = epoch;
  member.offset = offset;
}

function deliver(member: Member, { room, epoch, offset, uid, client }: EventEntry): Finding[] {
  const where = `${client}: ${uid} at ${offset}`;
  if (member.away) return [{ violation: 'delivery-after-leave', room, detail: where }];
  const lane = `${epoch}\n${uid}`;
  const earlier = member.seen.get(lane);
  member.seen.set(lane, offset);
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
  const finding: Finding[] =
    offset === member.offset + 1 ? [] : [{ violation: 'silent-gap', room, detail: `${where} after ${member.offset}` }];
  member.offset = offset;
  return finding;
}

/** Every member sees the same event at one place. */
function agree(order: Map<string, string>, { room, epoch, offset, eventId, client }: EventEntry): Finding[] {
  const place = `${room}\n${epoch}\n${offset}`;
  const first = order.get(place);
  if (first === undefined) order.set(place, eventId);
  return first === undefined || first === eventId
    ? []
    : [{ violation: 'divergent-order', room, detail: `${client} at ${offset}: ${eventId}, another saw ${first}` }];
}

function belongs({ room, intended, uid, client }: EventEntry, { invoked, failed }: Publishes): Finding[] {
  if (room !== intended) return [{ violation: 'cross-room-leak', room, detail: `${client} got ${uid} of ${intended}` }];
  if (!invoked.has(uid))
    return [{ violation: 'phantom', room, detail: `${client} got ${uid}, which nobody published` }];
  return failed.has(uid) ? [{ violation: 'failed-but-present', room, detail: `${client} got ${uid}` }] : [];
}

function arrived({ client, room, epoch, offset }: Member, logs: readonly FinalLog[]): Finding[] {
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
  return offset === log.position.offset
    ? []
    : [{ violation: 'stalled', room, detail: `${client} ended at ${offset} of ${log.position.offset}` }];
}
