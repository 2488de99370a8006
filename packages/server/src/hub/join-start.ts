import type { GapReason, Position, RoomRequest } from '@trunkline/protocol';
import type { LogPage } from '../seams/broker.js';
import type { Core } from './core.js';
import type { HubRoom } from './hub-room.js';
import { resumeFlaw, rewindStart } from './resume.js';

/** Where a joiner's events begin, and what it is told about it. */
export interface Start {
  /** null: at the head, wherever that is when `joined` is sent. */
  readonly position: Position | null;
  readonly recovered: boolean;
  readonly reason?: GapReason;
  readonly page: LogPage | null;
}

const FRESH: Start = { position: null, recovered: false, page: null };
/** The log's head is asked, its first missed events come with it. */
const REPLAY_PAGE = 200;

/** Compares the place that a joiner names with the log. @throws {TrunklineError} `unavailable` */
export async function findStart(core: Core, room: HubRoom, request: RoomRequest): Promise<Start> {
  const { position, rewind } = request;
  if (position === undefined && !rewind) return FRESH;
  let flaw: GapReason | undefined;
  if (position !== undefined) {
    const page = await core.broker.read(room.name, {
      after: Math.max(0, position.offset - 1),
      limit: REPLAY_PAGE,
    });
    const found = resumeFlaw(position, page);
    core.observer.resumed?.(found === null ? 'recovered' : found === 'purged' ? 'epoch_changed' : found);
    if (found === null) return { position, recovered: true, page };
    flaw = found;
  }
  const reason = flaw === undefined ? {} : { reason: flaw };
  if (!rewind) return { ...FRESH, ...reason };
  const count = Math.min(rewind, room.rules.definition.historySize ?? core.limits.historySize);
  const page = await core.broker.read(room.name, { limit: count + 1 });
  return { position: rewindStart(page, count), recovered: false, page, ...reason };
}
