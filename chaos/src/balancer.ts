import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, freePort } from '@trunkline/testkit';

/** What clients connect to; it takes nodes out while `/readyz` is not 200. */
export interface Balancer extends AsyncDisposable {
  readonly port: number;
  /** For the report: what it was. */
  readonly name: string;
}

const CONFIGURATION = fileURLToPath(new URL('../../deploy/haproxy.cfg', import.meta.url));
const CHECK_MS = 500;

/** HAProxy with the configuration of deploy/ where it is installed; a TCP balancer in this process where not. */
export async function startBalancer(nodePorts: readonly number[]): Promise<Balancer> {
  const haproxy = findHaproxy();
  return haproxy === undefined ? startTcpBalancer(nodePorts) : startHaproxy(haproxy, nodePorts);
}

async function startHaproxy(program: string, nodePorts: readonly number[]): Promise<Balancer> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-haproxy-'));
  const file = join(directory, 'haproxy.cfg');
  await writeFile(file, forThisMachine(readFileSync(CONFIGURATION, 'utf8'), port, nodePorts));
  const child: ChildProcess = spawn(program, ['-db', '-f', file], { stdio: 'ignore' });
  await eventually(() => isAccepting(port)).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    port,
    name: execFileSync(program, ['-v'], { encoding: 'utf8' }).split(' ').slice(0, 3).join(' '),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true });
    },
  };
}

/** The same file but for addresses, and a number of connections that any machine allows. */
function forThisMachine(configuration: string, port: number, nodePorts: readonly number[]): string {
  const servers = nodePorts.map((node, index) => `    server node${index + 1} 127.0.0.1:${node}`).join('\n');
  return configuration
    .replace('bind :8080', `bind 127.0.0.1:${port}`)
    .replace('maxconn 200000', 'maxconn 5000')
    .replace(/ maxconn 100000/, '')
    .replace(/( {4}server node\d .*\n)+/g, `${servers}\n`);
}

async function startTcpBalancer(nodePorts: readonly number[]): Promise<Balancer> {
  const nodes = nodePorts.map((port) => ({ port, isReady: true, open: 0 }));
  const checks = setInterval(() => {
    for (const node of nodes) void isReady(node.port).then((ready) => (node.isReady = ready));
  }, CHECK_MS);
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (client) => {
    sockets.add(client);
    client.on('error', () => undefined).on('close', () => sockets.delete(client));
    const tried = new Set<number>();
    tryNext();

    /** A node that refuses is passed over, as HAProxy's `retry-on conn-failure` does. */
    function tryNext(): void {
      const [node] = nodes.filter(({ isReady, port }) => isReady && !tried.has(port)).sort((a, b) => a.open - b.open);
      if (node === undefined) {
        client.destroy();
        return;
      }
      tried.add(node.port);
      const target = connect(node.port, '127.0.0.1');
      target.once('error', tryNext).once('connect', () => {
        target.off('error', tryNext).on('error', () => client.destroy());
        node.open += 1;
        target.on('close', () => {
          node.open -= 1;
          client.end();
        });
        client.on('close', () => target.destroy());
        client.pipe(target).pipe(client);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('The balancer has no port.');
  return {
    port: address.port,
    name: 'a TCP balancer of this script (HAProxy is not installed)',
    async [Symbol.asyncDispose]() {
      clearInterval(checks);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

async function isAccepting(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The program; undefined where it is not installed. */
export function findHaproxy(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'haproxy'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
