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

interface Place {
  readonly offset: number;
  readonly id: string;
}

const START: Place = { offset: 0, id: '' };

/**
 * One room's log in this process. A class, for there is one of it a room: closures over the same state would cost 2 kB more.
 * Entries are dense by offset, so the array index is `offset - trimmed.offset - 1`.
 */
export class MemoryLog {
  #epoch = createId();
  #entries: Entry[] = [];
  #first = 0;
  #head = 0;
  #lastId = '';
  #trimmed = START;
  #born = START;
  #touchedAt: number;
  #ttlMs = Number.POSITIVE_INFINITY;
  readonly #remembered = new Map<string, Remembered>();
  #forgetAt = Number.POSITIVE_INFINITY;

  constructor(createdAt: number) {
    this.#touchedAt = createdAt;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** When the room was last written, milliseconds. */
  get touchedAt(): number {
    return this.#touchedAt;
  }

  /** Publishes remembered against duplicates. */
  get remembered(): number {
    return this.#remembered.size;
  }

  append(publication: Publication, now: number): MemoryAppend {
    this.expire(now);
    const key = rememberedKey(publication);
    const known = this.#remembered.get(key);
    const epoch = this.#epoch;
    if (known !== undefined) {
      if (this.#digestKnown(known) !== digestOf(publication)) return { appended: { status: 'conflict' } };
      return { appended: { status: 'duplicate', eventId: known.eventId, epoch, offset: known.offset } };
    }
    this.#head += 1;
    const offset = this.#head;
    this.#lastId = publication.eventId;
    this.#touchedAt = now;
    this.#ttlMs = publication.log.ttlMs;
    const event: LoggedEvent = {
      id: publication.eventId,
      offset,
      epoch,
      event: publication.event,
      from: publication.from,
      ref: publication.key?.id,
      data: publication.data,
      timestamp: publication.timestamp,
    };
    const until = now + publication.dedupeWindowMs;
    const remembered: Remembered = { eventId: event.id, offset, until, digest: null };
    this.#remembered.set(key, remembered);
    if (until < this.#forgetAt) this.#forgetAt = until;
    this.#entries.push({ event, remembered });
    while (this.#entries.length - this.#first > publication.log.size) this.#dropHead(now);
    while (this.#headEndsAt() <= now) this.#dropHead(now);
    return { appended: { status: 'appended', eventId: event.id, epoch, offset }, event };
  }

  read(query: LogQuery, now: number): LogPage {
    this.expire(now);
    const first = this.#first;
    const limit = Math.max(0, query.limit);
    const end = this.#entries.length;
    let from = Math.max(first, end - limit);
    let to = end;
    if (query.after !== undefined) {
      from = Math.min(end, Math.max(first, first + query.after - this.#trimmed.offset));
      to = Math.min(end, from + limit);
    } else if (query.before !== undefined) {
      to = Math.min(end, Math.max(first, first + query.before - 1 - this.#trimmed.offset));
      from = Math.max(first, to - limit);
    }
    return {
      entries: this.#entries.slice(from, to).map(({ event }) => event),
      head: this.head(),
      trimmed: this.#trimmed,
      born: this.#born,
    };
  }

  head(): Position {
    return { epoch: this.#epoch, offset: this.#head, lastId: this.#lastId };
  }

  /** Forgets so many of the oldest remembered publishes, before their window ends. */
  forgetOldest(count: number): void {
    let left = count;
    for (const key of this.#remembered.keys()) {
      if (left-- === 0) return;
      this.#remembered.delete(key);
    }
  }

  /** Forgets publishes whose window has ended, and everything when all entries are too old. */
  expire(now: number): void {
    const newest = this.#entries[this.#entries.length - 1]?.event;
    if (newest !== undefined && this.#entries.length > this.#first && newest.timestamp + this.#ttlMs <= now)
      this.#dropAll(now);
    // Nothing can have ended before the oldest was to end; a look at each publish would cost an iterator.
    if (now < this.#forgetAt) return;
    this.#forgetAt = Number.POSITIVE_INFINITY;
    for (const [key, { until }] of this.#remembered) {
      if (until > now) {
        this.#forgetAt = until;
        break;
      }
      this.#remembered.delete(key);
    }
  }

  /** Empties the log and starts a new epoch. */
  restart(now: number): void {
    this.#epoch = createId();
    this.#entries = [];
    this.#first = 0;
    this.#head = 0;
    this.#lastId = '';
    this.#trimmed = START;
    this.#born = START;
    this.#touchedAt = now;
    this.#remembered.clear();
  }

  /** Starts a new epoch with the entries kept. */
  rename(): void {
    const epoch = createId();
    this.#epoch = epoch;
    this.#born = { offset: this.#head, id: this.#lastId };
    this.#entries = this.#entries
      .slice(this.#first)
      .map(({ event, remembered }) => ({ event: { ...event, epoch }, remembered }));
    this.#first = 0;
    this.#remembered.clear();
  }

  #headEndsAt(): number {
    const oldest = this.#entries[this.#first];
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.event.timestamp + this.#ttlMs;
  }

  #dropHead(now: number): void {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return;
    const { event, remembered } = entry;
    if (remembered.until > now) remembered.digest = digestOf(event);
    this.#trimmed = { offset: event.offset, id: event.id };
    this.#first += 1;
    // Moving the rest at every trim would cost the length of the log each time.
    if (this.#first > 512 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  #dropAll(now: number): void {
    for (const { event, remembered } of this.#entries.slice(this.#first))
      if (remembered.until > now) remembered.digest = digestOf(event);
    this.#trimmed = { offset: this.#head, id: this.#lastId };
    this.#entries = [];
    this.#first = 0;
  }

  #digestKnown(known: Remembered): string | null {
    if (known.digest !== null) return known.digest;
    const entry = this.#entries[this.#first + known.offset - this.#trimmed.offset - 1];
    return entry === undefined ? null : digestOf(entry.event);
  }
}

function digestOf({ event, data }: Pick<LoggedEvent, 'event' | 'data'>): string {
  return digestPayload(`${event}\n${JSON.stringify(data) ?? ''}`);
}

/** Lengths keep ('a', 'b c') and ('a b', 'c') apart; a service's event id can not meet a user's key. */
export function rememberedKey(publication: Publication): string {
  const { key } = publication;
  return key === undefined ? `e${publication.eventId}` : `u${key.userId.length}:${key.userId}${key.id}`;
}
