import { createId, type From, parseRoomName, TrunklineError } from '@trunkline/protocol';
import type {
  Codec,
  Conversation,
  Decoded,
  EventNotice,
  Farewell,
  Notice,
  Reply,
  RequestHead,
} from '@trunkline/server';
import { readFrame } from '../read-frame.js';
import { rememberNewest } from '../remember-newest.js';
import { clientMessages, isUuid } from './schema.js';

/** Pings every 54 s; a peer that answered none for 60 s is gone. */
const HEARTBEAT = { intervalMs: 54_000, timeoutMs: 60_000, countsFrom: 'pong' } as const;

/** Words the secureconnect chat; pure. Every connection of a conversation shares each frame. */
export const secureconnectCodec: Codec = {
  greet: (head) => {
    const room = roomOf(head);
    if (room === null)
      throw new TrunklineError('invalid_data', 'conversation_id required', { path: 'conversation_id' });
    const token = tokenOf(head);
    return { credentials: { address: head.address, ...(token ? { token } : {}) }, rooms: [room] };
  },
  open: (head) => converse(roomOf(head) ?? ''),
  encode: encodeNotice,
};

function roomOf(head: RequestHead): string | null {
  const id = head.query.get('conversation_id') ?? '';
  return isUuid(id) ? `conversation:${id}` : null;
}

/** The header first: it does not end up in logs. */
function tokenOf(head: RequestHead): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(head.headers.authorization ?? '')?.[1];
  return bearer ?? head.query.get('access_token') ?? undefined;
}

const shared = rememberNewest({ encode: encodeNotice });

/** The URL named the room; frames do not. Without its room a connection is of no use, and is closed. */
function converse(room: string): Conversation {
  let user = '';
  let end: (farewell: Farewell) => void = () => {};
  return {
    encoder: {
      encode(notice) {
        const farewell = farewellOf(notice);
        // In a turn of its own: the hub is still telling.
        if (farewell !== null) queueMicrotask(() => end(farewell));
        return notice.type === 'joined' ? wordOwnJoin(notice, user) : shared.encode(notice);
      },
    },
    options: () => ({ heartbeatTiming: HEARTBEAT }),
    opened: (_connectionId, userId, close) => {
      user = userId;
      end = close;
    },
    decode: (text) => [decodeFrame(text, room)],
    reply: wordReply,
  };
}

/** The hub itself closes who may not even join. */
function farewellOf(notice: Notice): Farewell | null {
  return notice.type === 'left' ? { code: notice.retryable ? 1011 : 1008, reason: notice.reason } : null;
}

function decodeFrame(text: string, room: string): Decoded {
  const read = readFrame(text, clientMessages);
  if (!read.ok) return { command: { type: 'refused', error: read.error } };
  const { frame } = read;
  const publish = (event: string, data: unknown): Decoded => ({
    command: { type: 'publish', id: createId(), rooms: [room], event, data },
  });
  switch (frame.type) {
    case 'chat': {
      const { content, is_encrypted = false, message_type = 'text', metadata = {} } = frame;
      return publish('chat', { content, is_encrypted, message_type, metadata });
    }
    case 'typing':
      return publish('typing', { isTyping: true });
    case 'read':
      return publish('read', { message_id: frame.message_id });
  }
}

/** What was accepted comes back as an event, so only refusals need words. */
function wordReply(reply: Reply): readonly string[] {
  if (reply.type !== 'error') return [];
  const { code, message } = reply.error;
  return [JSON.stringify({ type: 'error', code, message, timestamp: new Date().toISOString() })];
}

function encodeNotice(notice: Notice): string | null {
  if (notice.type !== 'event' && notice.type !== 'presence') return null;
  const name = parseRoomName(notice.room);
  if (name?.kind !== 'conversation') return null;
  const timestamp = new Date(notice.timestamp).toISOString();
  if (notice.type === 'event') return wordEvent(notice, name.id, timestamp);
  if (notice.member === undefined || (notice.change !== 'join' && notice.change !== 'leave')) return null;
  const type = notice.change === 'join' ? 'user_joined' : 'user_left';
  return JSON.stringify({ type, conversation_id: name.id, sender_id: notice.member.userId, timestamp });
}

/** All clients hear of a user's first device, that device too; the hub tells it of itself by the snapshot alone. */
function wordOwnJoin(notice: Notice & { readonly type: 'joined' }, userId: string): string | null {
  if (!notice.first) return null;
  const { room, timestamp } = notice;
  const member = { userId, connectionIds: [], state: null };
  return encodeNotice({ type: 'presence', room, version: 0, change: 'join', member, timestamp });
}

function wordEvent(notice: EventNotice, conversationId: string, timestamp: string): string | null {
  const said = { conversation_id: conversationId, sender_id: nameOf(notice.from) };
  const data = notice.data as Readonly<Record<string, unknown>>;
  switch (notice.event) {
    case 'chat': {
      const { content, is_encrypted = false, message_type = 'text', metadata = {} } = data;
      const message = { content, is_encrypted, message_type, metadata };
      return JSON.stringify({ type: 'chat', ...said, message_id: notice.id, ...message, timestamp });
    }
    case 'typing':
      // The format has no word for having stopped.
      return data.isTyping === false ? null : JSON.stringify({ type: 'typing', ...said, timestamp });
    case 'read':
      return JSON.stringify({ type: 'read', ...said, message_id: data.message_id, timestamp });
    default:
      return null;
  }
}

function nameOf(from: From): string {
  return 'userId' in from ? from.userId : from.service;
}
