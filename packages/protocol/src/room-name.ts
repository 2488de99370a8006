/** A room's full name, `kind:id`, as it travels on the wire. */
export type RoomName = `${string}:${string}`;

/** A room name taken apart at its first colon. */
export interface RoomParts {
  readonly kind: string;
  readonly id: string;
}

const KIND = /^[a-z][a-z0-9_]{0,31}$/;
const ID = /^[A-Za-z0-9._~@/:-]{1,200}$/;

/**
 * Takes a room name apart: kind `[a-z][a-z0-9_]{0,31}`, id 1-200 of `A-Za-z0-9._~@/:-`, split at the first colon
 * (PROTOCOL.md, "Rooms").
 *
 * @returns null when the name is outside the grammar.
 */
export function parseRoomName(name: string): RoomParts | null {
  const colon = name.indexOf(':');
  if (colon < 1) return null;
  const kind = name.slice(0, colon);
  const id = name.slice(colon + 1);
  return KIND.test(kind) && ID.test(id) ? { kind, id } : null;
}

/** True for a name inside the grammar; says nothing about whether the contract knows its kind. */
export function isRoomName(value: unknown): value is RoomName {
  return typeof value === 'string' && parseRoomName(value) !== null;
}
