import { createId, type Position } from '@trunkline/protocol';
import type { Appended, LoggedEvent, LogPage, LogQuery, Publication } from '../seams/broker.js';
import { heldBytes } from './held-bytes.js';
import { digestPayload } from './payload-digest.js';

/** A publish that is remembered. */
interface Remembered {
  readonly id: string;
  readonly offset: number;
  /** Whose publish id it came with; none: it is known by its event id. */
  readonly userId: string | undefined;
  /** When it need not be remembered any more, milliseconds since the log was made: so small a number is no object of its own. */
  readonly until: number;
}

/** An event in the log is what is remembered of its publish too: one object for both, for there may be a million. */
interface Entry extends LoggedEvent, Remembered {
  /** About what it takes of the heap. */
  readonly bytes: number;
}

/** What is left when the event has left the log. */
interface Forgotten extends Remembered {
  /** Tells its payload from others; while the event is in the log it does so itself. */
  readonly digest: string;
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
/** In place of an entry that has left the log, so that nothing holds it while its place is still there. */
const DROPPED: Entry = {
  ...{ id: '', offset: 0, epoch: '', event: '', from: { service: '' }, ref: undefined, data: null, timestamp: 0 },
  ...{ userId: undefined, until: 0, bytes: 0 },
};

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
  readonly #madeAt: number;
  #touchedAt: number;
  #bytes = 0;
  #ttlMs = Number.POSITIVE_INFINITY;
  /** By publish id, or as `#keyFor` has it. */
  readonly #remembered = new Map<string, Entry | Forgotten>();
  #idsCollided = false;
  /** As `until` is counted. */
  #forgetAt = Number.POSITIVE_INFINITY;

  constructor(now: number) {
    this.#madeAt = now;
    this.#touchedAt = now;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** When the room was last written, milliseconds. */
  get touchedAt(): number {
    return this.#touchedAt;
  }

  /** About what the entries take of the heap. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Publishes remembered against duplicates. */
  get remembered(): number {
    return this.#remembered.size;
  }

  append(publication: Publication, now: number): MemoryAppend {
    this.expire(now);
    const userId = publication.key?.userId;
    const id = publication.key?.id ?? publication.eventId;
    let known = this.#remembered.get(id);
    const key = this.#keyFor(id, userId, known);
    if (key !== id) known = this.#remembered.get(key);
    const epoch = this.#epoch;
    if (known !== undefined) {
      const digest = 'digest' in known ? known.digest : digestPayload(known);
      if (digest !== digestPayload(publication)) return { appended: { status: 'conflict' } };
      return { appended: { status: 'duplicate', eventId: known.id, epoch, offset: known.offset } };
    }
    this.#head += 1;
    const offset = this.#head;
    this.#lastId = publication.eventId;
    this.#touchedAt = now;
    this.#ttlMs = publication.log.ttlMs;
    const until = now - this.#madeAt + publication.dedupeWindowMs;
    const event: Entry = {
      id: publication.eventId,
      offset,
      epoch,
      event: publication.event,
      from: publication.from,
      ref: publication.key?.id,
      data: publication.data,
      timestamp: publication.timestamp,
      userId,
      until,
      bytes: heldBytes(publication.data),
    };
    this.#bytes += event.bytes;
    this.#remembered.set(key, event);
    if (until < this.#forgetAt) this.#forgetAt = until;
    this.#entries.push(event);
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
      entries: this.#entries
        .slice(from, to)
        .map(({ userId: _userId, until: _until, bytes: _bytes, ...event }) => event),
      head: this.head(),
      trimmed: this.#trimmed,
      born: this.#born,
    };
  }

  head(): Position {
    return { epoch: this.#epoch, offset: this.#head, lastId: this.#lastId };
  }

  /** Drops the oldest entries until so many bytes are free, or none is left. */
  shed(bytes: number, now: number): void {
    const target = this.#bytes - bytes;
    while (this.#bytes > target && this.#first < this.#entries.length) this.#dropHead(now);
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
    const newest = this.#entries[this.#entries.length - 1];
    if (newest !== undefined && this.#entries.length > this.#first && newest.timestamp + this.#ttlMs <= now)
      this.#dropAll(now);
    // Nothing can have ended before the oldest was to end; a look at each publish would cost an iterator.
    const age = now - this.#madeAt;
    if (age < this.#forgetAt) return;
    this.#forgetAt = Number.POSITIVE_INFINITY;
    for (const [key, { until }] of this.#remembered) {
      if (until > age) {
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
    this.#bytes = 0;
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
    this.#entries = this.#entries.slice(this.#first).map((entry) => ({ ...entry, epoch }));
    this.#first = 0;
    this.#remembered.clear();
  }

  #headEndsAt(): number {
    const oldest = this.#entries[this.#first];
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.timestamp + this.#ttlMs;
  }

  #dropHead(now: number): void {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return;
    this.#keepDigest(entry, now);
    this.#trimmed = { offset: entry.offset, id: entry.id };
    this.#bytes -= entry.bytes;
    this.#entries[this.#first] = DROPPED;
    this.#first += 1;
    // Moving the rest at every trim would cost the length of the log each time.
    if (this.#first > 512 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  #dropAll(now: number): void {
    for (const entry of this.#entries.slice(this.#first)) this.#keepDigest(entry, now);
    this.#trimmed = { offset: this.#head, id: this.#lastId };
    this.#entries = [];
    this.#bytes = 0;
    this.#first = 0;
  }

  /** An event leaves the log: what remains of it is what tells a second publish of it apart. */
  #keepDigest(entry: Entry, now: number): void {
    const { id, offset, ref, until, userId } = entry;
    const key = this.#keyFor(ref ?? id, userId, this.#remembered.get(ref ?? id));
    if (until > now - this.#madeAt && this.#remembered.get(key) === entry)
      this.#remembered.set(key, { id, offset, until, userId, digest: digestPayload(entry) });
  }

  /** The id itself, but for users who chose the same one: an id joined to its user's each time would be a tenth of the log. */
  #keyFor(id: string, userId: string | undefined, known: Remembered | undefined): string {
    const isFree = known === undefined ? !this.#idsCollided : known.userId === userId;
    // Joined ones have a line break, and so no id can meet one.
    if (isFree && !id.includes('\n')) return id;
    this.#idsCollided = true;
    return `${userId?.length}\n${userId ?? ''}${id}`;
  }
}
