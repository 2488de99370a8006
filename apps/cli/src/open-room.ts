import type { Client, Room } from '@trunkline/client';
import { parseRoomName } from '@trunkline/protocol';
import { CommandError, EXIT } from './exit-code.js';

/** @throws {CommandError} `usage` for a name outside the grammar */
export function openRoom(client: Client, name: string): Room {
  const parts = parseRoomName(name);
  if (!parts)
    throw new CommandError(EXIT.usage, `"${name}" is no room: write kind:id, as in lobby:main.`, 'invalid_room');
  return client.room(parts.kind, parts.id);
}
