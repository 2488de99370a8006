import {
  type AckFrame,
  createId,
  type ErrorCode,
  type ResponseFrame,
  TrunklineError,
  type WelcomeLimits,
} from '@trunkline/protocol';
import type { PublishedToMany } from './client-api.js';
import type { Settle } from './deferred.js';
import type { Answer, Question } from './exchange.js';

/** What goes through the queue: it has one answer, and is sent until it comes. */
export type Sendable = Question & { readonly type: 'publish' | 'request' | 'history' | 'receipts' };

/** One frame on its way to its answer. */
export interface OutboxItem {
  id: string;
  readonly frame: Sendable;
  /** The rooms of a publish: in each it keeps its place. */
  readonly rooms: readonly string[];
  readonly bytes: number;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  readonly conflate?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly idempotent?: boolean | undefined;
  readonly onProgress?: ((progress: never) => void) | undefined;
  /** Everyone who waits for it; several once a conflated one took the place of others. Empty: stored before a reload. */
  readonly waiters: Set<Settle<never>>;
  /** When it may first have acted; undefined while it certainly has not. */
  sentAt?: number | undefined;
  /** The epoch of its room then, if known. */
  epoch?: string | undefined;
  /** True: a try before this connection may have acted. */
  doubtful?: boolean | undefined;
  inFlight?: boolean;
  /** Refused on this connection, which holds later publishes to its rooms until it comes again or is skipped: not before then. */
  restUntil?: number | undefined;
  failures: number;
  release: () => void;
}

export type Draft = Pick<OutboxItem, 'id' | 'frame' | 'waiters' | 'bytes'> & Partial<OutboxItem>;

/** True while certainly nothing of it happened. */
export function isUnsent({ sentAt }: Pick<OutboxItem, 'sentAt'>): boolean {
  return sentAt === undefined;
}

export function fault(code: ErrorCode): TrunklineError {
  return new TrunklineError(code);
}

/** True for what the server would close the connection for, at every try. */
export function isTooLarge(bytes: number, { maxMessageBytes }: WelcomeLimits): boolean {
  /** Of a frame, beside what is counted here. */
  const idBytes = 200;
  return bytes > maxMessageBytes - idBytes;
}

/** What a final answer means to those who wait. */
export function readAnswer(answer: Answer): unknown {
  if (answer.type === 'ack') return readAck(answer);
  return answer.type === 'error' ? TrunklineError.from(answer) : (answer as ResponseFrame).data;
}

/** A retryable refusal of one room is that refusal: the whole frame is sent again. */
function readAck({ eventId: id, epoch, offset, duplicate, rooms = [] }: AckFrame): PublishedToMany | TrunklineError {
  const again = rooms.find(({ error }) => error?.retryable)?.error;
  if (again) return TrunklineError.from(again);
  return {
    id,
    epoch,
    offset,
    duplicate: duplicate === true,
    rooms: rooms.map((room) => ({ ...room, error: room.error && TrunklineError.from(room.error) })),
  };
}

/** Of requests, what was refused before anything began; what failed later is the application's to repeat. */
const BEFORE_ANYTHING: readonly string[] = ['rate_limited', 'too_many_unacked', 'unavailable'] satisfies ErrorCode[];

/** Whether a refused item goes again by itself. */
export function goesAgain(item: OutboxItem, { code, retryable }: TrunklineError): boolean {
  if (item.frame.type === 'publish') return retryable;
  return (retryable && BEFORE_ANYTHING.includes(code)) || (code === 'unknown_outcome' && renew(item));
}

/** True for an item that may have acted and that the server may not know any more: sent again, it might act twice. */
export function isForgotten(item: OutboxItem, ageMs: number, dedupeWindowMs: number): boolean {
  const resultWindowMs = 300_000;
  const { frame, doubtful } = item;
  if (!doubtful || frame.type === 'history') return false;
  if (frame.type === 'request') return ageMs > resultWindowMs && !renew(item);
  return ageMs > dedupeWindowMs;
}

/** An idempotent request may act again, so it goes on under a new id. */
function renew(item: OutboxItem): boolean {
  if (!item.idempotent) return false;
  item.id = createId();
  item.sentAt = undefined;
  return true;
}

export function publishFrame(rooms: readonly string[], event: string, data: unknown): Sendable {
  return { type: 'publish', room: rooms.length > 1 ? rooms : (rooms[0] ?? ''), event, data };
}

export interface Packed<F> {
  readonly frame: F;
  readonly bytes: number;
}

/** A frame as it travels, which the application can't change any more. @throws {TrunklineError} `invalid_data` */
export function pack<F>(frame: F): Packed<F> {
  try {
    const text = JSON.stringify(frame);
    return { frame: JSON.parse(text), bytes: new TextEncoder().encode(text).length };
  } catch {
    throw fault('invalid_data');
  }
}
