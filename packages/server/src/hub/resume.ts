import type { GapReason, Position } from '@trunkline/protocol';
import type { LogPage } from '../seams/broker.js';
import { NO_POSITION } from './room-feed.js';

/**
 * Whether a position can be resumed from what one look at the log shows, read from `position.offset - 1` on (DESIGN,
 * "Resume"). All or nothing: null means every missed event can be given; else the reason why not.
 */
export function resumeFlaw(position: Position, page: LogPage): GapReason | null {
  const { epoch, offset, lastId } = position;
  if (epoch === NO_POSITION.epoch) return 'unknown_position';
  if (epoch !== page.head.epoch) return 'epoch_changed';
  if (offset > page.head.offset) return 'rewound';
  if (offset < page.trimmed.offset) return 'trimmed';
  if (offset === 0) return lastId === '' ? null : 'unknown_position';
  if (idAt(offset, page) === lastId) return null;
  return lastId === '' ? 'unknown_position' : 'rewound';
}

/** The id of the event at an offset, as far as the page shows it. */
function idAt(offset: number, page: LogPage): string | undefined {
  if (offset === page.head.offset) return page.head.lastId;
  if (offset === page.trimmed.offset) return page.trimmed.id;
  return page.entries.find((entry) => entry.offset === offset)?.id;
}

/** The place before the last `rewind` entries of a page that holds the newest `rewind + 1`. */
export function rewindStart(page: LogPage, rewind: number): Position {
  const { epoch } = page.head;
  const first = page.entries.length - rewind;
  const before = page.entries[first - 1];
  const oldest = page.entries[0];
  if (rewind === 0) return page.head;
  // A page is bounded in bytes too: then it begins later, with an event that the joiner can not be given a place before.
  if (!before && oldest !== undefined && oldest.offset > page.trimmed.offset + 1)
    return { epoch, offset: oldest.offset, lastId: oldest.id };
  return before
    ? { epoch, offset: before.offset, lastId: before.id }
    : { epoch, offset: page.trimmed.offset, lastId: page.trimmed.id };
}
