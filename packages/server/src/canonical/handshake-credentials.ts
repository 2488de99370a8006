import { BEARER_SUBPROTOCOL_PREFIX } from '@trunkline/protocol';
import { readCookie } from '../router/read-cookie.js';
import type { Credentials, RequestHead } from '../seams/dialect.js';

/** Marks a one-time ticket where a token is expected; `Gateway.authenticate` redeems it. */
export const TICKET_PREFIX = 'ticket:';

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
export function bearerHeader(authorization: string | undefined): string | undefined {
  return authorization?.match(/^Bearer +([^ ]+)$/i)?.[1];
}

function ticket({ query }: RequestHead): string | undefined {
  const value = query.get('ticket');
  return value ? TICKET_PREFIX + value : undefined;
}
