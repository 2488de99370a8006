import type { Gone } from '../seams/link.js';
import type { Connection } from './connection.js';
import type { SessionParts } from './session-parts.js';

/** Takes a connection whose peer is gone out of everything that knows it. */
export function endConnection(parts: SessionParts, connection: Connection, gone: Gone): void {
  const { core, joining, requests, calls, usage } = parts;
  connection.gone = gone;
  // A peer that we asked to come back is given the grace too: it is about to.
  const clean = gone.clean && !meansToReturn(connection.closedWith ?? gone.code);
  for (const membership of connection.memberships.all()) joining.leave(membership, clean);
  core.connections.remove(connection);
  const { userId } = connection.principal;
  usage.users.set(userId, core.connections.countOf(userId));
  core.roster.remove({ connectionId: connection.id, userId });
  requests.gone(connection);
  calls.gone(connection);
  const code = connection.closedWith ?? gone.code;
  core.observer.connectionClosed?.(connection.options.dialect, code);
  core.logger.info(
    { connectionId: connection.id, dialect: connection.options.dialect, code, cause: causeOf(connection, gone) },
    'connection closed',
  );
}

/** In one word, for the log: ours, or what the peer did. A peer's own text is never written. */
function causeOf({ closeReason }: Connection, { clean }: Gone): string {
  return closeReason ?? (clean ? 'peer_closed' : 'connection_lost');
}

/** Codes that say the peer is about to come back, whoever sent them (PROTOCOL.md, "Close codes"). */
function meansToReturn(code: number): boolean {
  return (code >= 4000 && code <= 4499) || code === 1012 || code === 1013;
}
