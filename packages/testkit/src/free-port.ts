import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range from which the kernel takes ports for outgoing connections, so that a port stays free over a restart. */
const FIRST = 10_240;
const LAST = 32_000;
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that was free a moment ago, and that this process gave to nobody else. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port found');
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
