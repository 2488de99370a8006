import type { From } from '@trunkline/protocol';
import type { LoggedEvent, Publication } from '../../seams/broker.js';

/** Longer messages on our channels are not ours. */
const MAX_ENVELOPE_CHARS = 16 * 1_048_576;
/** No call appends as many; a message of newlines must not become an array of millions. */
const MAX_EVENTS = 1_000;
/** The first character of everything we say on a channel. Other versions are ignored and counted. */
const ENVELOPE_VERSION = '1';

/** What a room's channel carries. `logged`: what one call appended, a payload a line. `check`: the log may differ from what was heard. */
export type RoomMessage =
  | { readonly type: 'logged'; readonly events: readonly LoggedEvent[] }
  | { readonly type: 'emitted'; readonly message: unknown }
  | { readonly type: 'check' };

/** An event as the stream keeps it; epoch and offset come from its place. */
export function encodePayload({ eventId, event, from, key, data, timestamp }: Publication): string {
  return JSON.stringify({ id: eventId, event, from, ref: key?.id, data, timestamp });
}

/** @returns null for what we did not write */
export function decodePayload(payload: string, epoch: string, offset: number): LoggedEvent | null {
  const value = parseJson(payload);
  if (typeof value !== 'object' || value === null) return null;
  const { id, event, from, ref, data, timestamp } = value as Record<string, unknown>;
  if (typeof id !== 'string' || typeof event !== 'string' || typeof timestamp !== 'number' || !isFrom(from))
    return null;
  return { id, offset, epoch, event, from, ...(typeof ref === 'string' ? { ref } : {}), data, timestamp };
}

export function encodeEmitted(message: unknown): string {
  return `${ENVELOPE_VERSION}E${JSON.stringify(message) ?? 'null'}`;
}

/** @returns null for junk */
export function decodeRoomMessage(text: string): RoomMessage | null {
  if (text.length > MAX_ENVELOPE_CHARS || text[0] !== ENVELOPE_VERSION) return null;
  if (text[1] === 'C' && text.length === 2) return { type: 'check' };
  if (text[1] === 'E') {
    const message = parseJson(text.slice(2));
    return message === undefined ? null : { type: 'emitted', message };
  }
  if (text[1] !== 'L') return null;
  const epochEnd = text.indexOf('\n', 2);
  const offsetEnd = text.indexOf('\n', epochEnd + 1);
  const offset = Number(text.slice(epochEnd + 1, offsetEnd));
  if (epochEnd < 3 || offsetEnd < 0 || !Number.isSafeInteger(offset) || offset < 1) return null;
  const epoch = text.slice(2, epochEnd);
  const payloads = text.slice(offsetEnd + 1).split('\n', MAX_EVENTS + 1);
  if (payloads.length > MAX_EVENTS || !Number.isSafeInteger(offset + payloads.length)) return null;
  const events: LoggedEvent[] = [];
  for (const payload of payloads) {
    const event = decodePayload(payload, epoch, offset + events.length);
    if (event === null) return null;
    events.push(event);
  }
  return { type: 'logged', events };
}

export function encodeSignal(message: unknown): string {
  return `${ENVELOPE_VERSION}S${JSON.stringify(message) ?? 'null'}`;
}

/** @returns undefined for junk */
export function decodeSignal(text: string): unknown {
  if (text.length > MAX_ENVELOPE_CHARS || !text.startsWith(`${ENVELOPE_VERSION}S`)) return undefined;
  return parseJson(text.slice(2));
}

/** @returns undefined for text that is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFrom(value: unknown): value is From {
  if (typeof value !== 'object' || value === null) return false;
  const { userId, service, connectionId } = value as Record<string, unknown>;
  return (
    typeof service === 'string' || (typeof userId === 'string' && ['string', 'undefined'].includes(typeof connectionId))
  );
}
