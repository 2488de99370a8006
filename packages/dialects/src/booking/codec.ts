import { BEARER_SUBPROTOCOL_PREFIX, createId, type From, parseRoomName, TrunklineError } from '@trunkline/protocol';
import type { Codec, Conversation, Decoded, EventNotice, Notice, Reply, RequestHead } from '@trunkline/server';
import { readFrame } from '../read-frame.js';
import { clientMessages } from './schema.js';

/** The kinds that this format documents; it has no word for what happens in others. */
const KINDS: ReadonlySet<string> = new Set(['booking', 'support', 'user']);

/** Words the booking format; pure. One object, so that every connection shares each frame. */
export const bookingCodec: Codec = {
  greet: (head) => {
    const token = tokenOf(head);
    return { credentials: { address: head.address, ...(token ? { token } : {}) } };
  },
  open: () => conversation,
  encode: encodeNotice,
};

/** By query as documented, or by subprotocol, which keeps it out of access logs. */
function tokenOf(head: RequestHead): string | undefined {
  const offered = head.protocols.find((protocol) => protocol.startsWith(BEARER_SUBPROTOCOL_PREFIX));
  return offered?.slice(BEARER_SUBPROTOCOL_PREFIX.length) ?? head.query.get('token') ?? undefined;
}

/** The format keeps nothing per connection. */
const conversation: Conversation = {
  options: () => ({ rejoin: true }),
  decode: (text) => [decodeFrame(text)],
  reply: wordReply,
};

function decodeFrame(text: string): Decoded {
  const read = readFrame(text, clientMessages);
  if (!read.ok) return { command: { type: 'refused', error: read.error } };
  const { frame } = read;
  const id = createId();
  if (!KINDS.has(parseRoomName(frame.room)?.kind ?? '')) {
    const error = new TrunklineError('invalid_room', 'Name a room booking:<id>, support:<id> or user:<id>.', {
      path: 'room',
    });
    return { command: { type: 'refused', error } };
  }
  switch (frame.type) {
    case 'join':
      return { command: { type: 'join', id, room: frame.room } };
    case 'leave':
      return { command: { type: 'leave', id, room: frame.room } };
    case 'typing': {
      const data = { isTyping: frame.data.isTyping };
      return { command: { type: 'publish', id, rooms: [frame.room], event: 'typing', data } };
    }
  }
}

function wordReply(reply: Reply): readonly string[] {
  switch (reply.type) {
    case 'left':
      return [word({ type: 'left_room', room: reply.room, timestamp: iso(reply.timestamp) })];
    case 'error': {
      const { code, message } = reply.error;
      return [word({ type: 'error', code, message, timestamp: iso(Date.now()) })];
    }
    default:
      return [];
  }
}

function encodeNotice(notice: Notice): string | null {
  switch (notice.type) {
    case 'opened':
      return word({ type: 'connected', userId: notice.principal.userId, timestamp: iso(notice.serverTime) });
    case 'joined':
      return word({ type: 'joined_room', room: notice.room, timestamp: iso(notice.timestamp) });
    case 'left':
      return word({ type: 'left_room', room: notice.room, timestamp: iso(notice.timestamp) });
    case 'event':
      return wordEvent(notice);
    default:
      return null;
  }
}

/** Only the documented fields; whoever sent a message is its sender, whatever the data claims. */
function wordEvent(notice: EventNotice): string | null {
  const data = notice.data as Readonly<Record<string, unknown>>;
  const timestamp = iso(notice.timestamp);
  switch (`${parseRoomName(notice.room)?.kind}.${notice.event}`) {
    case 'booking.status_update':
    case 'user.status_update':
      return word({ type: 'status_update', bookingId: data.bookingId, status: data.status, timestamp });
    case 'booking.location_update':
      return word({ type: 'location_update', bookingId: data.bookingId, location: data.location, timestamp });
    case 'support.message': {
      const senderId = 'userId' in notice.from ? notice.from.userId : data.senderId;
      return word({ type: 'message', ticketId: data.ticketId, senderId, message: data.message, timestamp });
    }
    case 'support.typing':
      return word({ type: 'typing', userId: nameOf(notice.from), isTyping: data.isTyping ?? true });
    default:
      return null;
  }
}

function nameOf(from: From): string {
  return 'userId' in from ? from.userId : from.service;
}

function iso(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}

function word(message: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(message);
}
