import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { cpuMicros } from '../measure/process-usage.js';
import { loadWorkload } from './load-workload.js';
import { onPeer } from './two-nodes.js';
import type { Size } from './workload.js';

const BUSY_ROOM = 'bench:busy';
const MESSAGES: Readonly<Record<Size, number>> = { smoke: 20, short: 2_000, full: 5_000 };

/** Messages go round a room that has no member on this node; what the node spends beyond its idle cost. */
export const nodeWithoutMembers = loadWorkload({
  name: 'node-without-members',
  title: 'A node without members of the room, over Redis',
  metrics: { cpuMicros: { title: 'CPU per message published elsewhere', unit: 'µs', digits: 2 } },
  goals: [{ metric: 'cpuMicros', atMost: 0.5, aim: 0 }],
  contenders: ['trunkline', 'socket.io'],
  nodes: 2,
  async scenario(target, size) {
    const bystanders = await gather(target, { members: 50, roomsOf: () => ['bench:other'] });
    const busy = await onPeer(target, BUSY_ROOM);
    const publish = async (): Promise<void> => {
      for (let sent = 0; sent < MESSAGES[size]; sent++) {
        const arrived = busy.meter.expect(1);
        busy.clients[0]?.send(SPEAKERS[target.server].publish(BUSY_ROOM, messageData(64), nextId()));
        await arrived;
      }
    };
    await publish();
    return {
      async round() {
        const startedAt = performance.now();
        const before = cpuMicros(target.pid);
        await publish();
        const busyMicros = cpuMicros(target.pid) - before;
        const durationMs = performance.now() - startedAt;
        const idleBefore = cpuMicros(target.pid);
        await new Promise((resolve) => setTimeout(resolve, durationMs));
        const idleMicros = cpuMicros(target.pid) - idleBefore;
        return { cpuMicros: Math.max(0, busyMicros - idleMicros) / MESSAGES[size], operations: MESSAGES[size] };
      },
      async close() {
        bystanders.close();
        busy.close();
      },
    };
  },
});
