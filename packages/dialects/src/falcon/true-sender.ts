import { parseRoomName } from '@trunkline/protocol';

/** Kinds of other formats whose messages name their sender in the data. */
const SENDER_FIELDS: ReadonlyMap<string, string> = new Map([
  ['shipvox', 'user'],
  ['support', 'senderId'],
]);

/** The data with its true sender where the room's kind names one: members would see what the client claims. */
export function withTrueSender<T extends object>(data: T, room: string, userId: string): T {
  const field = SENDER_FIELDS.get(parseRoomName(room)?.kind ?? '');
  return field === undefined ? data : { ...data, [field]: userId };
}
