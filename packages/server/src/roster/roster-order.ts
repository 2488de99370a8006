import type { RosterEntry } from '../seams/roster.js';

/** Connections are listed by user, so that those of a prefix stand together. Below every character of a user id. */
const SEPARATOR = '\0';

/** The place of a connection among the others. */
export function orderKey({ userId, connectionId }: Pick<RosterEntry, 'connectionId' | 'userId'>): string {
  return userId + SEPARATOR + connectionId;
}

export function connectionOf(key: string): string {
  return key.slice(key.lastIndexOf(SEPARATOR) + 1);
}

/** Room names that one page lists; it ends early with connections that are in very many. */
const MAX_ROOMS = 5_000;

/** What fits on one page. */
export class PageFill {
  #rooms = 0;
  readonly items: RosterEntry[] = [];

  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.items.length >= Math.max(1, this.limit) || this.#rooms >= MAX_ROOMS;
  }

  add(entry: RosterEntry): void {
    this.items.push(entry);
    this.#rooms += entry.rooms.length;
  }
}

/** A place in a list, as a reader gives it back. */
export function writeCursor(...place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @returns the place, empty for a text that was no cursor: the start */
export function readCursor(cursor: string | undefined): readonly string[] {
  try {
    const place: unknown = cursor === undefined ? [] : JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(place) && place.every((part) => typeof part === 'string') ? place : [];
  } catch {
    return [];
  }
}
