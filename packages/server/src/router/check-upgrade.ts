import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../seams/dialect.js';
import { type HttpRefusal, problem } from './http-refusal.js';

const WEB_SOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * The refusals that need nothing but the request (RELIABILITY S15, S19, S20). A browser can not see them, and a browser
 * does not cause them, but for a page of a foreign origin that rides on a user's cookie.
 */
export function checkUpgrade(
  req: IncomingMessage,
  head: RequestHead,
  allowedOrigins: ReadonlySet<string>,
): HttpRefusal | null {
  const { headers, method } = head;
  if (method !== 'GET') return problem(405, 'A WebSocket is opened with GET.', { Allow: 'GET' });
  // ws upgrades any version (RFC 6455, section 4.2.1).
  if (req.httpVersion !== '1.1') return problem(400, 'A WebSocket is opened with HTTP/1.1.');
  // Node asks for one of plain requests only, and keeps the first of several: what stands before us may have taken
  // another (RFC 9112, section 3.2).
  if (hostsOf(req) !== 1) return problem(400, 'An upgrade names its Host, once.');
  // ws would answer 101 and read the body as frames.
  if (hasBody(head)) return problem(400, 'An upgrade carries no body.');
  if (headers.upgrade?.toLowerCase() !== 'websocket') return problem(400, 'Only websocket is upgraded to.');
  // ws also takes version 8.
  if (headers['sec-websocket-version'] !== '13') {
    return problem(426, 'Version 13 of WebSocket is spoken here.', {
      'Sec-WebSocket-Version': '13',
      Upgrade: 'websocket',
    });
  }
  if (!WEB_SOCKET_KEY.test(headers['sec-websocket-key'] ?? ''))
    return problem(400, 'Sec-WebSocket-Key is not of its form.');
  if (!isOriginWelcome(head, allowedOrigins)) return problem(403, 'Pages of this origin may not use a cookie here.');
  return null;
}

function hostsOf({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}

function hasBody({ headers }: RequestHead): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** A cookie comes with any page's request, so it counts only for the pages on the list. Compared whole, never by part. */
function isOriginWelcome({ headers }: RequestHead, allowedOrigins: ReadonlySet<string>): boolean {
  const { cookie, origin } = headers;
  if (origin === undefined || !cookie) return true;
  return origin !== 'null' && allowedOrigins.has(origin);
}
