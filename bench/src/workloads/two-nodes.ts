import { type Crowd, gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import type { Target } from '../load/target.js';
import { loadWorkload } from './load-workload.js';
import type { Size } from './workload.js';

const ROOM = 'bench:all';
const MESSAGES: Readonly<Record<Size, number>> = { smoke: 5, short: 80, full: 200 };
const MEMBERS: Readonly<Record<Size, number>> = { smoke: 100, short: 1_000, full: 1_000 };

/** A member on another node publishes; a thousand members here receive. */
export const twoNodes = loadWorkload({
  name: 'two-nodes',
  title: 'Two nodes over Redis: 1 publisher there → 1 000 members here',
  metrics: {
    cpuMicros: { title: 'CPU of the receiving node per delivery', unit: 'µs', digits: 2 },
    p50Ms: { title: 'p50', unit: 'ms', digits: 1 },
  },
  goals: [{ metric: 'cpuMicros', against: 'socket.io', atMost: 0.75, aim: 0.6 }],
  contenders: ['trunkline', 'socket.io'],
  nodes: 2,
  async scenario(target, size) {
    const crowd = await gather(target, { members: MEMBERS[size], roomsOf: () => [ROOM] });
    const publisher = await onPeer(target, ROOM);
    const publish = async (messages: number): Promise<void> => {
      for (let sent = 0; sent < messages; sent++) {
        const arrived = crowd.meter.expect(crowd.clients.length);
        publisher.clients[0]?.send(SPEAKERS[target.server].publish(ROOM, messageData(64), nextId()));
        await arrived;
      }
    };
    await publish(Math.ceil(MESSAGES[size] / 4));
    return {
      round: () => observed(target, crowd.meter, MESSAGES[size] * crowd.clients.length, () => publish(MESSAGES[size])),
      async close() {
        crowd.close();
        publisher.close();
      },
    };
  },
});

/** One member of a room on the first peer; counted by a meter of its own. */
export async function onPeer(target: Target, room: string): Promise<Crowd> {
  const [peer] = target.peers ?? [];
  if (peer === undefined) throw new Error('This needs a second node.');
  return gather(peer, { members: 1, roomsOf: () => [room] });
}
