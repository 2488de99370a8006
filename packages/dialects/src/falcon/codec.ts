import { createId, TrunklineError } from '@trunkline/protocol';
import type { Codec, Command, Conversation, Decoded, Reply } from '@trunkline/server';
import { readFrame } from '../read-frame.js';
import { falconCredentials } from './credentials.js';
import { bareEncoder, fullEncoder, isoTime } from './encode.js';
import { roomOf } from './room-words.js';
import { clientMessages } from './schema.js';

/** What an answer repeats of the message it answers. */
interface Asked {
  readonly type?: string;
  readonly id?: string;
  readonly room?: string;
}

const MAX_FULL_NAMES = 200;

/** Words the falcon format; pure. */
export const falconCodec: Codec = {
  greet: (head) => ({ credentials: falconCredentials(head) }),
  open: converse,
  encode: bareEncoder.encode,
};

/** A connection remembers the lobbies that its client called by their full name, to word them back as sent. */
function converse(): Conversation {
  const full = new Set<string>();
  const remember = (word: string) => {
    if (!word.includes(':')) full.delete(roomOf(word));
    else if (word.startsWith('lobby:') && full.size < MAX_FULL_NAMES) full.add(word);
  };
  let connectionId = '';
  return {
    encoder: {
      encode(notice) {
        const encoder = 'room' in notice && full.has(notice.room) ? fullEncoder : bareEncoder;
        const text = encoder.encode(notice);
        // A direct message is for this connection alone, and says so.
        return text === null || notice.type !== 'direct'
          ? text
          : JSON.stringify({ ...JSON.parse(text), to: connectionId });
      },
    },
    opened: (id) => {
      connectionId = id;
    },
    options: () => ({ autoJoin: true, rejoin: true }),
    decode: (text) => {
      const decoded = decodeFrame(text);
      if (decoded.ref.room !== undefined) remember(decoded.ref.room);
      return [decoded];
    },
    reply: wordReply,
  };
}

function decodeFrame(text: string): Decoded & { readonly ref: Asked } {
  const read = readFrame(text, clientMessages);
  if (!read.ok) return { command: { type: 'refused', error: read.error }, ref: askedOf(read.raw) };
  const { frame } = read;
  const ref = askedOf(frame);
  const id = createId();
  switch (frame.type) {
    case 'message':
    case 'custom_event': {
      const { type: event, to, data } = frame;
      if (to === undefined)
        return { command: { type: 'publish', id, rooms: [roomOf(frame.room ?? '')], event, data }, ref };
      const room = frame.room === undefined ? {} : { room: roomOf(frame.room) };
      return { command: { type: 'send', id, to, ...room, event, data }, ref };
    }
    case 'notification':
    case 'user_profile_update':
    case 'group_membership_change':
      return {
        command: { type: 'publish', id, rooms: [roomOf(frame.room)], event: frame.type, data: frame.data },
        ref,
      };
    case 'presence': {
      const room = frame.room === undefined ? {} : { room: roomOf(frame.room) };
      return { command: { type: 'presence', id, ...room, state: { status: frame.data.status } }, ref };
    }
    case 'room_update':
      return { command: { type: frame.data.action, id, room: roomOf(frame.room) }, ref };
    case 'heartbeat':
      return { command: { type: 'pong', isAnswered: true }, ref };
    default:
      return { command: refuse('forbidden', `Only the server sends "${frame.type}".`), ref };
  }
}

function refuse(code: 'forbidden', message: string): Command {
  return { type: 'refused', error: new TrunklineError(code, message, { path: 'type' }) };
}

function askedOf(raw: Readonly<Record<string, unknown>>): Asked {
  const { type, id, room } = raw;
  return {
    ...(typeof type === 'string' ? { type } : {}),
    ...(typeof id === 'string' && id.length <= 200 ? { id } : {}),
    ...(typeof room === 'string' && room.length <= 512 ? { room } : {}),
  };
}

function wordReply(reply: Reply, to: Decoded): readonly string[] {
  const { type, id, room } = to.ref as Asked;
  const timestamp = isoTime(Date.now());
  const same = id === undefined ? {} : { id };
  switch (reply.type) {
    case 'left':
      return [
        JSON.stringify({ type: 'room_left', room: room ?? reply.room, data: { reason: 'requested' }, timestamp }),
      ];
    case 'error':
      return [
        JSON.stringify({
          type: 'error',
          ...(room === undefined ? {} : { room }),
          ...errorWord(reply.error),
          timestamp,
          ...same,
        }),
      ];
    default:
      return type === 'heartbeat' ? [JSON.stringify({ type: 'heartbeat', data: {}, timestamp, ...same })] : [];
  }
}

function errorWord({ code, message }: TrunklineError): {
  readonly data: { readonly code: string; readonly message: string };
} {
  return { data: { code, message } };
}
