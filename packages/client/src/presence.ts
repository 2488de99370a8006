import type { PresenceFrame, PresenceMember, PresenceSnapshot } from '@trunkline/protocol';
import type { PresenceDiff } from './client-api.js';

export const NOBODY: PresenceSnapshot = { version: 0, members: [] };

/** A snapshot in the place of what was known. */
export function syncPresence(
  before: PresenceSnapshot,
  next: PresenceSnapshot,
): { readonly snapshot: PresenceSnapshot; readonly diff: PresenceDiff } {
  const old = new Map(before.members.map((member) => [member.userId, member]));
  const joined: PresenceMember[] = [];
  const updated: PresenceMember[] = [];
  for (const member of next.members) {
    const known = old.get(member.userId);
    if (!known) joined.push(member);
    else if (!isSame(known, member)) updated.push(member);
    old.delete(member.userId);
  }
  return { snapshot: next, diff: { joined, updated, left: [...old.values()] } };
}

/** A change; null when its version is not above the known one. */
export function applyPresence(before: PresenceSnapshot, frame: PresenceFrame): ReturnType<typeof syncPresence> | null {
  if (frame.version <= before.version) return null;
  const { version } = frame;
  if (frame.change === 'sync') return syncPresence(before, { version, members: frame.members });
  const { member } = frame;
  const members = new Map(before.members.map((known) => [known.userId, known]));
  if (frame.change === 'leave') members.delete(member.userId);
  else members.set(member.userId, member);
  return syncPresence(before, { version, members: [...members.values()] });
}

export function isEmpty({ joined, updated, left }: PresenceDiff): boolean {
  return joined.length + updated.length + left.length === 0;
}

function isSame(one: PresenceMember, other: PresenceMember): boolean {
  return JSON.stringify([one.connectionIds, one.state]) === JSON.stringify([other.connectionIds, other.state]);
}
