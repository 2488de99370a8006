import { parseRoomName } from '@trunkline/protocol';
import type { EventNotice, Notice } from '@trunkline/server';
import { rememberNewest } from '../remember-newest.js';
import { bareWord, fromWord, memberWord } from './room-words.js';

/** Events that have a word of their own, in rooms of any kind. */
const WORDS: ReadonlySet<string> = new Set([
  'message',
  'custom_event',
  'notification',
  'user_profile_update',
  'group_membership_change',
]);
/** And those of broadcasts alone, which are in no room. */
const BROADCASTS: ReadonlySet<string> = new Set(['system_notification', 'system']);
/** The format's own kinds: their other events (typing) are none of it. */
const OWN_KINDS: ReadonlySet<string> = new Set(['group', 'thread', 'lobby']);

/** Calls lobbies by their bare name. */
export const bareEncoder = rememberNewest({ encode: (notice) => encode(notice, bareWord) });
/** Calls them by the room's name, for clients that do. */
export const fullEncoder = rememberNewest({ encode: (notice) => encode(notice, (room) => room) });

export function isoTime(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}

function encode(notice: Notice, wordOf: (room: string) => string): string | null {
  switch (notice.type) {
    case 'event':
      return encodeEvent(notice, wordOf(notice.room));
    case 'direct': {
      if (notice.event !== 'message' && notice.event !== 'custom_event') return null;
      const { event: type, id, data, timestamp } = notice;
      return word({
        type,
        room: wordOf(notice.room),
        ...fromWord(notice.from),
        data,
        timestamp: isoTime(timestamp),
        id,
      });
    }
    case 'presence': {
      if (notice.member === undefined) return null;
      const data =
        notice.change === 'leave' ? { ...memberWord(notice.member), status: 'offline' } : memberWord(notice.member);
      return word({
        type: 'presence',
        room: wordOf(notice.room),
        from: notice.connectionId,
        data,
        timestamp: isoTime(notice.timestamp),
      });
    }
    case 'joined': {
      const data = { members: notice.presence?.members.map(memberWord) ?? [] };
      return word({ type: 'room_joined', room: wordOf(notice.room), data, timestamp: isoTime(notice.timestamp) });
    }
    case 'left': {
      const data = { reason: notice.reason };
      return word({ type: 'room_left', room: wordOf(notice.room), data, timestamp: isoTime(notice.timestamp) });
    }
    case 'relation': {
      const object = parseRoomName(notice.object);
      if (object?.kind !== 'group' || notice.relation !== 'member') return null;
      const data = { user_id: notice.userId, group_id: object.id, group_name: object.id, joined: notice.present };
      return word({ type: 'group_membership_change', data, timestamp: isoTime(notice.timestamp) });
    }
    case 'broadcast': {
      const { event, id } = notice;
      const said = BROADCASTS.has(event) || WORDS.has(event);
      const data = said ? notice.data : { event, data: notice.data };
      return word({ type: said ? event : 'custom_event', data, timestamp: isoTime(notice.timestamp), id });
    }
    default:
      return null;
  }
}

/** What other formats say reaches members as the application's own: a `custom_event` that names it. */
function encodeEvent(notice: EventNotice, room: string): string | null {
  const { event, id } = notice;
  const tail = { timestamp: isoTime(notice.timestamp), id };
  const head = { room, ...fromWord(notice.from) };
  if (WORDS.has(event)) return word({ type: event, ...head, data: notice.data, ...tail });
  if (OWN_KINDS.has(parseRoomName(notice.room)?.kind ?? '')) return null;
  return word({ type: 'custom_event', ...head, data: { event, data: notice.data }, ...tail });
}

function word(message: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(message);
}
