import { createId, type Position } from '@trunkline/protocol';
import type { Appended, LoggedEvent, LogPage, LogQuery, Publication } from '../seams/broker.js';
import { digestPayload } from './payload-digest.js';

interface Remembered {
  readonly eventId: string;
  readonly offset: number;
  readonly digest: string;
  readonly until: number;
}

/** What an append did, with the event for the subscribers when there is a new one. */
export interface MemoryAppend {
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
  let entries: LoggedEvent[] = [];
  let first = 0;
  let head = 0;
  let lastId = '';
  let trimmed = { offset: 0, id: '' };
  let born = { offset: 0, id: '' };
  let touchedAt = createdAt;
  let ttlMs = Number.POSITIVE_INFINITY;
  const remembered = new Map<string, Remembered>();

  function dropHead(): void {
    const gone = entries[first];
    if (gone === undefined) return;
    trimmed = { offset: gone.offset, id: gone.id };
    first += 1;
    // Moving the rest at every trim would cost the length of the log each time.
    if (first > 512 && first * 2 > entries.length) {
      entries = entries.slice(first);
      first = 0;
    }
  }

  function dropAll(): void {
    trimmed = { offset: head, id: lastId };
    entries = [];
    first = 0;
  }

  function expire(now: number): void {
    const newest = entries[entries.length - 1];
    if (newest !== undefined && entries.length > first && newest.timestamp + ttlMs <= now) dropAll();
    for (const [key, entry] of remembered) {
      if (entry.until > now) break;
      remembered.delete(key);
    }
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
      const digest = digestPayload(`${publication.event}\n${JSON.stringify(publication.data) ?? ''}`);
      const known = remembered.get(key);
      if (known !== undefined) {
        if (known.digest !== digest) return { appended: { status: 'conflict' } };
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
      entries.push(event);
      while (entries.length - first > publication.log.size) dropHead();
      while (entries.length > first && (entries[first]?.timestamp ?? now) + ttlMs <= now) dropHead();
      remembered.set(key, { eventId: event.id, offset: head, digest, until: now + publication.dedupeWindowMs });
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
      return { entries: entries.slice(from, to), head: { epoch, offset: head, lastId }, trimmed, born };
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
      entries = entries.slice(first).map((entry) => ({ ...entry, epoch: next }));
      first = 0;
      remembered.clear();
    },
  };
}

/** Lengths keep ('a', 'b c') and ('a b', 'c') apart; a service's event id can not meet a user's key. */
export function rememberedKey(publication: Publication): string {
  const { key } = publication;
  return key === undefined ? `e${publication.eventId}` : `u${key.userId.length}:${key.userId}${key.id}`;
}
