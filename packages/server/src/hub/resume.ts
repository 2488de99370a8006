import type { GapReason, Position } from '@trunkline/protocol';
import type { LogPage } from '../seams/broker.js';

/**
 * Whether a position can be resumed from what one look at the log shows, read from `position.offset - 1` on (DESIGN,
 * "Resume"). All or nothing: null means every missed event can be given; else the reason why not.
 */
export function resumeFlaw(position: Position, page: LogPage): GapReason | null {
  const { epoch, offset, lastId } = position;
  if (epoch !== page.head.epoch) return 'epoch_changed';
  if (offset > page.head.offset) return 'rewound';
  if (offset < page.trimmed.offset) return 'trimmed';
  if (offset === 0) return lastId === '' ? null : 'unknown_position';
  return idAt(offset, page) === lastId ? null : 'rewound';
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
  if (rewind === 0) return page.head;
  return before
    ? { epoch, offset: before.offset, lastId: before.id }
    : { epoch, offset: page.trimmed.offset, lastId: page.trimmed.id };
}
