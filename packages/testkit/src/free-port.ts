import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which the kernel takes ports for outgoing connections: a connection to a port of that range at
 * which nobody listens may be given the same port as its own and so connect to itself.
 */
const FIRST = 10_240;
const LAST = 32_000;

/**
 * A TCP port of 127.0.0.1 that was free a moment ago and is this process's until it ends, so that what listens on it
 * may stop and start again: no other process that asks here is given it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error('no free port found');
}

/** The UDP port of the same number is the sign that it is taken: the kernel gives it to one, and frees it at the end. */
async function claim(port: number): Promise<boolean> {
  const sign = createSocket('udp4').unref();
  try {
    sign.bind(port, '127.0.0.1');
    await once(sign, 'listening');
    return true;
  } catch {
    sign.close();
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}
