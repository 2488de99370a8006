import type { Credentials, RequestHead } from '@trunkline/server';

export const COOKIE = 'falcon_auth_token';

/** A bearer header, else the cookie; the hub honours a cookie from allowed origins only. */
export function falconCredentials({ headers, address }: RequestHead): Credentials {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer) return { address, token: bearer };
  const token = cookieValue(headers.cookie ?? '', COOKIE);
  if (!token) return { address };
  return { address, token, fromCookie: true, ...(headers.origin === undefined ? {} : { origin: headers.origin }) };
}

function cookieValue(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    return pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
