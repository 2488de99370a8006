import { setTimeout as delay } from 'node:timers/promises';
import { gather } from '../load/crowd.js';
import { startLoad } from '../load/load-thread.js';
import type { ServerName } from '../load/target.js';
import { residentBytes } from '../measure/process-usage.js';
import { startServer } from '../measure/server-process.js';
import type { LoadWorkload } from './load-workload.js';
import type { Size } from './workload.js';

const MEMBERS_PER_ROOM = 10;
const CONNECTIONS: Readonly<Record<Size, number>> = { smoke: 300, short: 5_000, full: 10_000 };
const SETTLE_MS = 500;
const CONTENDERS: readonly ServerName[] = ['trunkline', 'ws', 'socket.io'];

/** Ten thousand connections, authenticated and in a room, that say nothing: resident memory each, after a collection. */
export const idle: LoadWorkload = {
  name: 'idle',
  title: 'Idle, 10 000 authenticated and joined',
  metrics: { bytesEach: { title: 'resident memory each', unit: 'B', digits: 0 } },
  goals: [
    { metric: 'bytesEach', atMost: 8_500, aim: 7_500 },
    { metric: 'bytesEach', against: 'socket.io', atMost: 0.55 },
  ],
  contenders: CONTENDERS,
  async open(contender, size) {
    const name = CONTENDERS.find((known) => known === contender);
    if (name === undefined) throw new Error(`idle does not measure ${contender}.`);
    return {
      async round() {
        const server = await startServer(name);
        await server.collectGarbage();
        const before = residentBytes(server.pid);
        const { port, pid } = server;
        const load = await startLoad({ scenario: 'idle', target: { server: name, port, pid }, size });
        await delay(SETTLE_MS);
        await server.collectGarbage();
        await delay(SETTLE_MS);
        const bytesEach = (residentBytes(server.pid) - before) / CONNECTIONS[size];
        await load.close();
        await server.close();
        return { bytesEach, connections: CONNECTIONS[size] };
      },
      close: async () => undefined,
    };
  },
  async scenario(target, size) {
    const crowd = await gather(target, {
      members: CONNECTIONS[size],
      roomsOf: (index) => [`bench:r${Math.floor(index / MEMBERS_PER_ROOM)}`],
    });
    return { round: async () => ({}), close: async () => crowd.close() };
  },
};
