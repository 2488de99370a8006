import { DEFAULT_LIMITS, type EventFrame, type HistoryResult } from '@trunkline/protocol';
import type { LoggedEvent } from '../seams/broker.js';
import type { Command } from '../seams/session.js';
import type { Connection } from './connection.js';
import { endPage } from './end-page.js';
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
  const entries = endPage(page.entries, { maxBytes: PAGE_BYTES, newestFirst: after === undefined });
  const events = entries.map((entry) => eventFrame(room, entry, userId));
  return { events, position: page.head, trimmedOffset: page.trimmed.offset };
}

function eventFrame(room: string, { ref, ...entry }: LoggedEvent, userId: string): EventFrame {
  const isSender = 'userId' in entry.from && entry.from.userId === userId;
  return { type: 'event', room, ...entry, ...(ref !== undefined && isSender ? { ref } : {}) };
}
