import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { RequestHead } from '@trunkline/server';

/** Read from the private sockets alone, where every request has it from us: what a client sends by this name is dropped. */
const ORIGIN_HEADER = 'x-trunkline-origin';
/** They speak of one connection (RFC 9110, section 7.6.1); `expect` has been answered where the request came in. */
const OF_ONE_CONNECTION = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

type Headers = NodeJS.Dict<string | string[]>;

/** The headers of a plain request or answer that go on to the next connection. */
export function withoutHops(headers: IncomingHttpHeaders): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OF_ONE_CONNECTION.has(name) && name !== ORIGIN_HEADER),
  );
}

/** Tells who the client is, and which port it came to: the socket between two workers does not. */
export function originHeader({ address, port }: RequestHead): Record<string, string> {
  return { [ORIGIN_HEADER]: `${port} ${address}` };
}

/**
 * An upgrade's head in the bytes it came in, but for who sent it. What we say stands first: Node drops what comes after
 * a thousand headers, and without `Connection` the client's frames would be read as requests there.
 */
export function upgradeHead(req: IncomingMessage, head: RequestHead): string {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (const [name, value] of Object.entries(originHeader(head))) lines.push(`${name}: ${value}`);
  lines.push('Connection: Upgrade');
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = req.rawHeaders.slice(at, at + 2);
    if (!['connection', ORIGIN_HEADER].includes(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What another worker's request says, as that worker understood it: the trusted proxies were looked at there. */
export function readForwarded(req: IncomingMessage): RequestHead {
  const { [ORIGIN_HEADER]: origin, ...headers } = req.headers;
  const [port = '', address = ''] = String(origin).split(' ');
  const { pathname, searchParams } = splitUrl(req.url ?? '/');
  const protocols = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  return {
    method: req.method ?? '',
    path: pathname,
    query: searchParams,
    headers,
    address,
    protocols,
    port: Number(port),
  };
}

function splitUrl(url: string) {
  const mark = url.indexOf('?');
  return mark === -1
    ? { pathname: url, searchParams: new URLSearchParams() }
    : { pathname: url.slice(0, mark), searchParams: new URLSearchParams(url.slice(mark + 1)) };
}
