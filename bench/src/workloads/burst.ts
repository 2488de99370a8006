import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import { loadWorkload } from './load-workload.js';
import type { Size } from './workload.js';

const ROOM = 'bench:all';
const PUBLISHERS = 16;
const MESSAGES_EACH = 8;
const BURSTS: Readonly<Record<Size, number>> = { smoke: 1, short: 1, full: 2 };
const MEMBERS: Readonly<Record<Size, number>> = { smoke: 100, short: 1_000, full: 1_000 };

/** Sixteen members publish eight messages each at once; the next burst comes when all have arrived everywhere. */
export const burst = loadWorkload({
  name: 'burst',
  title: 'Burst, 16 publishers → 1 000 members',
  metrics: {
    cpuMicros: { title: 'CPU per delivery', unit: 'µs', digits: 2 },
    p50Ms: { title: 'p50', unit: 'ms', digits: 1 },
  },
  goals: [
    { metric: 'cpuMicros', against: 'ws', atMost: 0.08, aim: 0.05 },
    { metric: 'cpuMicros', against: 'bun', atMost: 1.5, aim: 1.1 },
  ],
  async scenario(target, size) {
    const crowd = await gather(target, { members: MEMBERS[size], roomsOf: () => [ROOM] });
    const speaker = SPEAKERS[target.server];
    const perBurst = PUBLISHERS * MESSAGES_EACH * crowd.clients.length;
    // Cheap servers need more of the same work for a figure as steady.
    const bursts = BURSTS[size] * (target.server === 'trunkline' || target.server === 'bun' ? 4 : 1);
    const publish = async (times: number): Promise<void> => {
      for (let done = 0; done < times; done++) {
        const arrived = crowd.meter.expect(perBurst);
        for (const publisher of crowd.clients.slice(0, PUBLISHERS)) {
          publisher.sendAll(
            Array.from({ length: MESSAGES_EACH }, () => speaker.publish(ROOM, messageData(64), nextId())),
          );
        }
        await arrived;
      }
    };
    await publish(1);
    return {
      round: () => observed(target, crowd.meter, perBurst * bursts, () => publish(bursts)),
      close: async () => crowd.close(),
    };
  },
});
