import type { PresenceFrame, PresenceMember, PresenceSnapshot } from '@trunkline/protocol';
import type { Presence, PresenceDiff } from './client-api.js';
import { createListeners } from './listeners.js';

export const NOBODY: PresenceSnapshot = { version: 0, members: [] };

/** What a snapshot changes. */
export function diffPresence(before: readonly PresenceMember[], next: readonly PresenceMember[]): PresenceDiff {
  const gone = byUser(before);
  const joined: PresenceMember[] = [];
  const updated: PresenceMember[] = [];
  for (const member of next) {
    const old = gone.get(member.userId);
    gone.delete(member.userId);
    if (!old) joined.push(member);
    // A change keeps the objects of everyone else, so large rooms cost no comparison by content.
    else if (old !== member && JSON.stringify(old) !== JSON.stringify(member)) updated.push(member);
  }
  return { joined, updated, left: [...gone.values()] };
}

export function byUser<T extends { readonly userId: string }>(members: readonly T[]): Map<string, T> {
  return new Map(members.map((member) => [member.userId, member]));
}

/** The snapshot after a change; the same one when the change's version is not above its own. */
export function applyPresence(before: PresenceSnapshot, frame: PresenceFrame): PresenceSnapshot {
  const { version } = frame;
  if (version <= before.version) return before;
  if (frame.change === 'sync') return frame;
  const members = byUser(before.members);
  if (frame.change === 'leave') members.delete(frame.member.userId);
  else members.set(frame.member.userId, frame.member);
  return { version, members: [...members.values()] };
}

export interface PresenceStore extends Presence {
  /** A snapshot in the place of what was known. */
  sync(snapshot: PresenceSnapshot): void;
  change(frame: PresenceFrame): void;
  /** Tells my state anew. */
  joined(): void;
  /** Left: nobody is seen, and my state is forgotten. */
  reset(): void;
}

export function createPresence(tell: (state: unknown) => void): PresenceStore {
  const changed = createListeners<PresenceDiff>();
  let snapshot = NOBODY;
  let mine: { readonly state: unknown } | undefined;

  function sync(next: PresenceSnapshot): void {
    const diff = diffPresence(snapshot.members, next.members);
    snapshot = next;
    if (Object.values(diff).flat().length > 0) changed.emit(diff);
  }
  return {
    get members() {
      return snapshot.members;
    },
    get version() {
      return snapshot.version;
    },
    on: changed.add,
    set(state) {
      tell(state);
      mine = { state };
    },
    sync,
    change: (frame) => sync(applyPresence(snapshot, frame)),
    joined() {
      if (mine) tell(mine.state);
    },
    reset() {
      mine = undefined;
      sync(NOBODY);
    },
  };
}
