import { BEARER_SUBPROTOCOL_PREFIX } from '@trunkline/protocol';
import { TICKET_PREFIX } from '../auth/tickets.js';
import { readCookie } from '../router/read-cookie.js';
import type { RequestHead } from '../seams/dialect.js';
import type { Credentials } from '../seams/gateway.js';

/**
 * The credentials of the handshake, which count when the hello has no token: subprotocol, Authorization, one-time ticket,
 * cookie. A token in the query is not looked at: URLs are logged everywhere.
 */
export function handshakeCredentials(head: RequestHead, cookieName: string): Credentials {
  const { address, headers } = head;
  const from = { address, ...(headers.origin === undefined ? {} : { origin: headers.origin }) };
  const token = bearerSubprotocol(head) ?? bearerHeader(headers.authorization) ?? ticket(head);
  if (token !== undefined) return { ...from, token };
  const cookie = readCookie(headers.cookie, cookieName);
  return cookie ? { ...from, token: cookie, fromCookie: true } : from;
}

function bearerSubprotocol({ protocols }: RequestHead): string | undefined {
  const offered = protocols.find((protocol) => protocol.startsWith(BEARER_SUBPROTOCOL_PREFIX));
  return offered?.slice(BEARER_SUBPROTOCOL_PREFIX.length) || undefined;
}

/** The token of an `Authorization: Bearer` header (RFC 6750, section 2.1). */
function bearerHeader(authorization: string | undefined): string | undefined {
  return authorization?.match(/^Bearer +([^ ]+)$/i)?.[1];
}

/** Only a ticket: a token here would be a token in a URL, so it counts as a ticket that nobody issued. */
function ticket({ query }: RequestHead): string | undefined {
  const value = query.get('ticket');
  if (!value) return undefined;
  return value.startsWith(TICKET_PREFIX) ? value : TICKET_PREFIX;
}
