import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';
import type { RequestHead } from '../seams/dialect.js';

/** True for an address whose X-Forwarded-For counts. */
export type Trust = (address: string, hop: number) => boolean;

/** @throws {TypeError} for a proxy that is no address, CIDR, `loopback`, `linklocal` or `uniquelocal` */
export function trustOf(proxies: readonly string[]): Trust {
  return proxyAddr.compile([...proxies]);
}

export interface Listener {
  readonly trust: Trust;
  /** Not asked of the socket, which would remember the answer for the life of the connection. */
  readonly port: number;
}

/** What a request says before its body. Never throws. */
export function requestHead(req: IncomingMessage, listener: Listener): RequestHead {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: req.method ?? '',
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    headers: req.headers,
    address: addressOf(req, listener.trust),
    protocols: protocolsOf(req.headers['sec-websocket-protocol']),
    port: listener.port,
  };
}

/** The nearest address that is no trusted proxy; `local` for a Unix socket. IPv4 in IPv6 is written as IPv4. */
function addressOf(req: IncomingMessage, trust: Trust): string {
  const { remoteAddress } = req.socket;
  if (remoteAddress === undefined) return 'local';
  const named = proxyAddr(req, trust);
  const address = ipaddr.isValid(named) ? named : remoteAddress;
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

/** What one address is counted by: of IPv6 the /64, because that is what one subscriber has. IPv4 in IPv6 is IPv4. */
export function addressKey(address: string): string {
  if (!address.includes(':') || !ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return 'parts' in parsed ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

function protocolsOf(header: string | undefined): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
