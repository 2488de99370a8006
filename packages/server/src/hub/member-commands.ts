import { DEFAULT_LIMITS, TrunklineError } from '@trunkline/protocol';
import type { Command, Reply } from '../seams/session.js';
import type { Connection } from './connection.js';
import { forbidden } from './grants.js';
import type { Membership } from './hub-room.js';
import type { SessionParts } from './session-parts.js';

type Of<T extends Command['type']> = Command & { readonly type: T };

/** @throws {TrunklineError} `not_joined` */
export function memberIn(connection: Connection, room: string): Membership {
  const membership = connection.memberships.get(room);
  if (membership === undefined || membership.state === 'joining')
    throw new TrunklineError('not_joined', 'Join the room first.', { path: 'room' });
  return membership;
}

/** To one connection on any node that shares a room. @throws {TrunklineError} `not_joined`, `forbidden`, `invalid_data`, `not_found` */
export async function sendDirect(parts: SessionParts, connection: Connection, command: Of<'send'>): Promise<Reply> {
  const { to, room, event } = command;
  const { userId } = connection.principal;
  const candidates = room === undefined ? connection.memberships.all() : [memberIn(connection, room)];
  const rooms = candidates
    .filter((membership) => membership.grant.publishAsMember.has(event))
    .map((membership) => membership.room.name);
  const [first] = rooms;
  if (first === undefined) throw forbidden();
  const { data } = parts.publisher.check(first, event, command.data, userId);
  const id = crypto.randomUUID();
  const from = { userId, connectionId: connection.id };
  await parts.nodeMessages.send({ to, rooms, event, id, from, data });
  return { type: 'ack', eventId: id, rooms: [] };
}

/** One's own state, in one room or in all. @throws {TrunklineError} `too_large`, `not_joined`, `forbidden`, `unavailable` */
export async function setPresence(
  parts: SessionParts,
  connection: Connection,
  { room, state }: Of<'presence'>,
): Promise<Reply> {
  if (Buffer.byteLength(JSON.stringify(state) ?? '') > DEFAULT_LIMITS.presenceStateBytes) {
    throw new TrunklineError('too_large', `A presence state has at most ${DEFAULT_LIMITS.presenceStateBytes} bytes.`, {
      path: 'state',
    });
  }
  const targets = room === undefined ? connection.memberships.all() : [memberIn(connection, room)];
  if (room !== undefined && targets[0]?.room.rules.definition.presence === false)
    throw new TrunklineError('forbidden', 'Rooms of this kind keep no presence.', { path: 'room' });
  if (room === undefined) connection.presenceState = state;
  await Promise.all(
    targets.map((membership) => {
      membership.presenceState = state;
      return parts.presence.enter(membership);
    }),
  );
  return { type: 'response', data: null };
}
