import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type FaultProxy, startFaultProxy } from '@trunkline/testkit';

/** The ways from one node to Redis, each with a fault proxy of its own, behind one port. */
export interface RedisPaths extends AsyncDisposable {
  readonly port: number;
  readonly commands: FaultProxy;
  readonly subscriber: FaultProxy;
  readonly health: FaultProxy;
  readonly all: readonly FaultProxy[];
}

const ROLES = ['commands', 'subscriber', 'health'] as const;
/** The server names each connection before anything else: `CLIENT SETNAME prefix:node:role`. */
const ROLE = new RegExp(`:(${ROLES.join('|')})\\r\\n`);
const MAX_GREETING_CHARS = 4_096;

export async function startRedisPaths(redisPort: number): Promise<RedisPaths> {
  const [commands, subscriber, health] = await Promise.all([
    startFaultProxy({ targetPort: redisPort }),
    startFaultProxy({ targetPort: redisPort }),
    startFaultProxy({ targetPort: redisPort }),
  ]);
  const paths = { commands, subscriber, health };
  const sockets = new Set<Socket>();
  const server = createServer((node) => {
    keep(node);
    let greeting = '';
    node.on('data', function sort(chunk: Buffer) {
      greeting += chunk.toString('latin1');
      const role = ROLES.find((name) => name === ROLE.exec(greeting)?.[1]);
      if (role === undefined && greeting.length < MAX_GREETING_CHARS) return;
      node.off('data', sort);
      node.pause();
      const path = keep(connect(paths[role ?? 'commands'].port, '127.0.0.1'));
      path.write(Buffer.from(greeting, 'latin1'));
      node.pipe(path);
      path.pipe(node);
      // Each end learns of the other's as it was: a reset is a reset.
      node.on('error', () => path.resetAndDestroy()).on('close', () => path.destroy());
      path.on('error', () => node.resetAndDestroy()).on('close', () => node.destroy());
    });
  });
  function keep(socket: Socket): Socket {
    sockets.add(socket);
    return socket
      .setNoDelay(true)
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket));
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('The ways to Redis have no port.');
  const all = [commands, subscriber, health];
  return {
    ...paths,
    all,
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(all.map((path) => path[Symbol.asyncDispose]()));
    },
  };
}
