import type { AppKind, RoomOf } from './register.js';
import { useConnection } from './use-connection.js';
import { type JoinedRoom, type UseRoomOptions, useRoom } from './use-room.js';

/** The kind of the room that a user has alone, if the contract has one. */
type PersonalKind = AppKind & 'user';

/** `user:<id>`. @param userId the signed-in user's unless given */
export function usePersonalRoom(userId?: string, options: UseRoomOptions<PersonalKind> = {}): JoinedRoom<PersonalKind> {
  const connected = useConnection().userId;
  const id = userId ?? connected;
  // Of a contract without that kind the name is never right, and the server says so.
  return useRoom<PersonalKind>(id === undefined ? undefined : (`user:${id}` as RoomOf<PersonalKind>), options);
}
