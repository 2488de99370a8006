import { DEFAULT_LIMITS, type EventFrame, type HistoryResult } from '@trunkline/protocol';
import type { LoggedEvent } from '../seams/broker.js';
import type { Command } from '../seams/session.js';
import type { Connection } from './connection.js';
import { forbidden } from './grants.js';
import type { PublishParts } from './publish-command.js';

/** What one page may weigh; a page may hold fewer events than asked for. */
const PAGE_BYTES = 256 * 1_024;

/** A page of a room's log, for whom the policy lets read it. @throws {TrunklineError} `forbidden`, `unavailable` */
export async function readHistory(
  { core, grants }: PublishParts,
  connection: Connection,
  command: Command & { readonly type: 'history' },
): Promise<HistoryResult> {
  const { room, before, after, limit = 100 } = command;
  const grant = grants.known(connection, room) ?? (await grants.ask(connection, room));
  if (!grant.history) throw forbidden();
  const page = await core.broker.read(room, {
    limit: Math.min(limit, DEFAULT_LIMITS.historyPage),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
  const { userId } = connection.principal;
  // Pages that are asked for all at once must not look like a slow reader.
  await connection.drained();
  const events = bounded(page.entries, after === undefined).map((entry) => eventFrame(room, entry, userId));
  return { events, position: page.head, trimmedOffset: page.trimmed.offset };
}

/** The entries nearest to where the reader stands, until the page is full; at least one. */
function bounded(entries: readonly LoggedEvent[], newestFirst: boolean): readonly LoggedEvent[] {
  const ordered = newestFirst ? entries.toReversed() : entries;
  let bytes = 0;
  const end = ordered.findIndex((entry, index) => {
    bytes += Buffer.byteLength(JSON.stringify(entry.data) ?? '');
    return index > 0 && bytes > PAGE_BYTES;
  });
  const kept = end < 0 ? ordered : ordered.slice(0, end);
  return newestFirst ? kept.toReversed() : kept;
}

function eventFrame(room: string, { ref, ...entry }: LoggedEvent, userId: string): EventFrame {
  const isSender = 'userId' in entry.from && entry.from.userId === userId;
  return { type: 'event', room, ...entry, ...(ref !== undefined && isSender ? { ref } : {}) };
}
