import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '@trunkline/protocol';
import type { LoggedEvent, LogPage } from '../seams/broker.js';
import type { Core } from './core.js';
import { eventNotice } from './event-notice.js';
import type { Membership } from './hub-room.js';

const PAGE = 200;
const WAIT_MS = 10;

/**
 * Gives a member what it missed, pulled as its socket drains, until its cursor meets what this node delivers live
 * (DESIGN, "The wire"). A log that can not go on (trimmed, new epoch) is told as a gap; a broker that is away is waited for.
 */
export async function replay(core: Core, membership: Membership, from: Position, first: LogPage | null): Promise<void> {
  const { connection, room } = membership;
  let cursor = from;
  let page = first;
  const isCurrent = () => connection.isOpen && connection.memberships.get(room.name) === membership;
  while (isCurrent()) {
    if (page !== null) {
      const next = await give(membership, cursor, page, isCurrent);
      if (next === null || !isCurrent()) return;
      cursor = next;
      if (meets(core, membership, cursor, page)) return;
    }
    page = await core.broker.read(room.name, { after: cursor.offset, limit: PAGE }).catch(() => null);
    // The log is away, or this node has not heard what it holds: a moment's patience, not a busy loop.
    if (page === null || page.entries.length === 0) await delay(WAIT_MS, undefined, { ref: false });
  }
}

/** Sends a page's entries after the cursor. @returns the new cursor, or null when the member is gone */
async function give(
  membership: Membership,
  from: Position,
  page: LogPage,
  isCurrent: () => boolean,
): Promise<Position | null> {
  const { connection, room } = membership;
  let cursor = from;
  for (const entry of page.entries) {
    if (entry.epoch !== cursor.epoch || entry.offset !== cursor.offset + 1) continue;
    if (!connection.isDrained) {
      await connection.drained();
      if (!isCurrent()) return null;
    }
    if (connection.showsAgain || !connection.needsIds || connection.showsFirst(entry.id))
      tell(membership, room.name, entry);
    cursor = { epoch: entry.epoch, offset: entry.offset, lastId: entry.id };
  }
  return cursor;
}

function tell({ connection }: Membership, room: string, entry: LoggedEvent): void {
  const isSender = 'userId' in entry.from && entry.from.userId === connection.principal.userId;
  connection.pull(eventNotice(room, entry, isSender ? entry.ref : undefined, true));
}

/** True when the member is live from here on; decided in one turn with the feed's position. */
function meets(core: Core, membership: Membership, cursor: Position, page: LogPage): boolean {
  const { connection, room } = membership;
  const live = room.feed.position;
  if (page.head.epoch !== cursor.epoch || page.trimmed.offset > cursor.offset) {
    const reason = page.head.epoch !== cursor.epoch ? 'epoch_changed' : 'trimmed';
    core.observer.gap?.(reason);
    connection.tell({ type: 'gap', room: room.name, reason, from: cursor, position: live });
    membership.state = 'live';
    return true;
  }
  if (cursor.offset < live.offset || cursor.epoch !== live.epoch || cursor.offset < page.head.offset) return false;
  membership.deliveredOffset = cursor.offset;
  membership.state = 'live';
  return true;
}
