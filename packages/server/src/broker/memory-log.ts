import { createId, type Position } from '@trunkline/protocol';
import type { Appended, LoggedEvent, LogPage, LogQuery, Publication } from '../seams/broker.js';
import { digestPayload } from './payload-digest.js';

interface Remembered {
  readonly eventId: string;
  readonly offset: number;
  readonly until: number;
  /** Made when the event leaves the log; until then the event itself tells payloads apart. */
  digest: string | null;
}

interface Entry {
  readonly event: LoggedEvent;
  readonly remembered: Remembered;
}

/** What an append did, with the event for the subscribers when there is a new one. */
interface MemoryAppend {
  readonly appended: Appended;
  readonly event?: LoggedEvent;
}

/** One room's log in this process. */
export interface MemoryLog {
  readonly epoch: string;
  /** When the room was last written, milliseconds. */
  readonly touchedAt: number;
  /** Publishes remembered against duplicates. */
  readonly remembered: number;
  append(publication: Publication, now: number): MemoryAppend;
  read(query: LogQuery, now: number): LogPage;
  head(): Position;
  /** Forgets the oldest remembered publish, before its window ends. */
  forgetOldest(): void;
  /** Forgets publishes whose window has ended, and everything when all entries are too old. */
  expire(now: number): void;
  /** Empties the log and starts a new epoch. */
  restart(now: number): void;
  /** Starts a new epoch with the entries kept. */
  rename(): void;
}

/** Entries are dense by offset, so the array index is `offset - trimmed.offset - 1`. */
export function createMemoryLog(createdAt: number): MemoryLog {
  let epoch = createId();
  let entries: Entry[] = [];
  let first = 0;
  let head = 0;
  let lastId = '';
  let trimmed = { offset: 0, id: '' };
  let born = { offset: 0, id: '' };
  let touchedAt = createdAt;
  let ttlMs = Number.POSITIVE_INFINITY;
  const remembered = new Map<string, Remembered>();
  let forgetAt = Number.POSITIVE_INFINITY;

  function dropHead(now: number): void {
    const entry = entries[first];
    if (entry === undefined) return;
    const { event, remembered: kept } = entry;
    if (kept.until > now) kept.digest = digestOf(event);
    trimmed = { offset: event.offset, id: event.id };
    first += 1;
    // Moving the rest at every trim would cost the length of the log each time.
    if (first > 512 && first * 2 > entries.length) {
      entries = entries.slice(first);
      first = 0;
    }
  }

  function dropAll(now: number): void {
    for (const { event, remembered: kept } of entries.slice(first)) if (kept.until > now) kept.digest = digestOf(event);
    trimmed = { offset: head, id: lastId };
    entries = [];
    first = 0;
  }

  function expire(now: number): void {
    const newest = entries[entries.length - 1]?.event;
    if (newest !== undefined && entries.length > first && newest.timestamp + ttlMs <= now) dropAll(now);
    // Nothing can have ended before the oldest was to end; a look at each publish would cost an iterator.
    if (now < forgetAt) return;
    forgetAt = Number.POSITIVE_INFINITY;
    for (const [key, entry] of remembered) {
      if (entry.until > now) {
        forgetAt = entry.until;
        break;
      }
      remembered.delete(key);
    }
  }

  function digestKnown(known: Remembered): string | null {
    if (known.digest !== null) return known.digest;
    const entry = entries[first + known.offset - trimmed.offset - 1];
    return entry === undefined ? null : digestOf(entry.event);
  }

  return {
    get epoch() {
      return epoch;
    },
    get touchedAt() {
      return touchedAt;
    },
    get remembered() {
      return remembered.size;
    },
    append(publication, now) {
      expire(now);
      const key = rememberedKey(publication);
      const known = remembered.get(key);
      if (known !== undefined) {
        if (digestKnown(known) !== digestOf(publication)) return { appended: { status: 'conflict' } };
        return { appended: { status: 'duplicate', eventId: known.eventId, epoch, offset: known.offset } };
      }
      head += 1;
      lastId = publication.eventId;
      touchedAt = now;
      ttlMs = publication.log.ttlMs;
      const event: LoggedEvent = {
        id: publication.eventId,
        offset: head,
        epoch,
        event: publication.event,
        from: publication.from,
        ...(publication.key === undefined ? {} : { ref: publication.key.id }),
        data: publication.data,
        timestamp: publication.timestamp,
      };
      const until = now + publication.dedupeWindowMs;
      const kept: Remembered = { eventId: event.id, offset: head, until, digest: null };
      remembered.set(key, kept);
      if (until < forgetAt) forgetAt = until;
      entries.push({ event, remembered: kept });
      while (entries.length - first > publication.log.size) dropHead(now);
      while (entries.length > first && (entries[first]?.event.timestamp ?? now) + ttlMs <= now) dropHead(now);
      return { appended: { status: 'appended', eventId: event.id, epoch, offset: head }, event };
    },
    read(query, now) {
      expire(now);
      const limit = Math.max(0, query.limit);
      const end = entries.length;
      let from = Math.max(first, end - limit);
      let to = end;
      if (query.after !== undefined) {
        from = Math.min(end, Math.max(first, first + query.after - trimmed.offset));
        to = Math.min(end, from + limit);
      } else if (query.before !== undefined) {
        to = Math.min(end, Math.max(first, first + query.before - 1 - trimmed.offset));
        from = Math.max(first, to - limit);
      }
      return {
        entries: entries.slice(from, to).map(({ event }) => event),
        head: { epoch, offset: head, lastId },
        trimmed,
        born,
      };
    },
    head: () => ({ epoch, offset: head, lastId }),
    forgetOldest() {
      for (const key of remembered.keys()) {
        remembered.delete(key);
        return;
      }
    },
    expire,
    restart(now) {
      epoch = createId();
      entries = [];
      first = 0;
      head = 0;
      lastId = '';
      trimmed = { offset: 0, id: '' };
      born = { offset: 0, id: '' };
      touchedAt = now;
      remembered.clear();
    },
    rename() {
      const next = createId();
      epoch = next;
      born = { offset: head, id: lastId };
      entries = entries
        .slice(first)
        .map(({ event, remembered: kept }) => ({ event: { ...event, epoch: next }, remembered: kept }));
      first = 0;
      remembered.clear();
    },
  };
}

function digestOf({ event, data }: Pick<LoggedEvent, 'event' | 'data'>): string {
  return digestPayload(`${event}\n${JSON.stringify(data) ?? ''}`);
}

/** Lengths keep ('a', 'b c') and ('a b', 'c') apart; a service's event id can not meet a user's key. */
export function rememberedKey(publication: Publication): string {
  const { key } = publication;
  return key === undefined ? `e${publication.eventId}` : `u${key.userId.length}:${key.userId}${key.id}`;
}
