import type { EventFrame, Position } from '@trunkline/protocol';
import { createRecentIds } from './recent-ids.js';

/** What to do with an event: show it, not, or ask for what is missing before it. */
type Verdict = 'deliver' | 'duplicate' | 'hole';

/** Where one room's reader is. The position moves before anybody is called, so that a handler may leave and join again. */
export interface RoomCursor {
  /** Set by the server's word for where events go on. */
  position: Position | undefined;
  judge(event: EventFrame): Verdict;
}

export function createRoomCursor(): RoomCursor {
  const remembered = 500;
  const seen = createRecentIds(remembered);
  const cursor: RoomCursor = {
    position: undefined,
    judge({ id, epoch, offset }) {
      if (offset !== undefined && epoch !== undefined) {
        const { position } = cursor;
        if (position) {
          // Nobody said what became of the epoch before: a join tells it.
          if (position.epoch !== epoch || offset > position.offset + 1) return 'hole';
          if (offset <= position.offset) return 'duplicate';
        }
        cursor.position = { epoch, offset, lastId: id };
      }
      // A provisional event comes again with its place, a retained one with each join.
      return seen.add(id) ? 'deliver' : 'duplicate';
    },
  };
  return cursor;
}
