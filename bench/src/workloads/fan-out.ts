import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import { loadWorkload } from './load-workload.js';
import type { Size } from './workload.js';

const ROOM = 'bench:all';
const MESSAGES: Readonly<Record<Size, number>> = { smoke: 5, short: 80, full: 200 };
const MEMBERS: Readonly<Record<Size, number>> = { smoke: 100, short: 1_000, full: 1_000 };

/** One member publishes, the next message when the last one has arrived everywhere: every delivery is a write of its own. */
export const fanOut = loadWorkload({
  name: 'fan-out',
  title: 'Fan-out, 1 publisher → 1 000 members',
  metrics: {
    cpuMicros: { title: 'CPU per delivery', unit: 'µs', digits: 2 },
    p50Ms: { title: 'p50', unit: 'ms', digits: 1 },
  },
  goals: [
    { metric: 'cpuMicros', against: 'socket.io', atMost: 0.7, aim: 0.62 },
    { metric: 'cpuMicros', against: 'ws', atMost: 0.9, aim: 0.83 },
  ],
  async scenario(target, size) {
    const crowd = await gather(target, { members: MEMBERS[size], roomsOf: () => [ROOM] });
    const [publisher] = crowd.clients;
    const publish = async (messages: number): Promise<void> => {
      for (let sent = 0; sent < messages; sent++) {
        const arrived = crowd.meter.expect(crowd.clients.length);
        publisher?.send(SPEAKERS[target.server].publish(ROOM, messageData(64), nextId()));
        await arrived;
      }
    };
    await publish(Math.ceil(MESSAGES[size] / 4));
    return {
      round: () => observed(target, crowd.meter, MESSAGES[size] * crowd.clients.length, () => publish(MESSAGES[size])),
      close: async () => crowd.close(),
    };
  },
});
