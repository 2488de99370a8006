import type { From, PresenceMember } from '@trunkline/protocol';

const LOBBY = 'lobby:';

/** The room that a client's word means: one without a colon is a lobby. */
export function roomOf(word: string): string {
  return word.includes(':') ? word : LOBBY + word;
}

/** The client's word for a room: lobbies are called by their bare name. */
export function bareWord(room: string): string {
  return room.startsWith(LOBBY) && !room.slice(LOBBY.length).includes(':') ? room.slice(LOBBY.length) : room;
}

/** `from` is a connection's id; a service has none. */
export function fromWord(from: From): { readonly from?: string } {
  return 'userId' in from && from.connectionId !== undefined ? { from: from.connectionId } : {};
}

/** A member as this format shows one: states of other clients are read as far as they have a status. */
export function memberWord(member: PresenceMember): { readonly user_id: string; readonly status: string } {
  const { state } = member;
  if (typeof state === 'string' && state !== '') return { user_id: member.userId, status: state };
  const status = typeof state === 'object' && state !== null && 'status' in state ? state.status : undefined;
  return { user_id: member.userId, status: typeof status === 'string' ? status : 'online' };
}
