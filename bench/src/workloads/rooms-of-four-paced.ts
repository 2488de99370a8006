import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import { loadWorkload } from './load-workload.js';
import { type Size, WITH_LEAST } from './workload.js';

const MEMBERS_PER_ROOM = 4;
const ROOMS: Readonly<Record<Size, number>> = { smoke: 25, short: 500, full: 500 };
const DURATION_MS: Readonly<Record<Size, number>> = { smoke: 500, short: 3_000, full: 5_000 };
const INTERVAL_MS = 1_000;
/** Eight times as fast, so that every server runs compiled code when it is measured. */
const WARM_UP_MS: Readonly<Record<Size, number>> = { smoke: 250, short: 4_000, full: 5_000 };
const WARM_UP_INTERVAL_MS = 125;

/** Every member publishes once a second, evenly spread: nothing to batch. */
export const roomsOfFourPaced = loadWorkload({
  name: 'rooms-of-four-paced',
  title: 'The same at 1 message a second each',
  contenders: WITH_LEAST,
  metrics: {
    cpuMicros: { title: 'CPU per inbound message', unit: 'µs', digits: 1 },
    p50Ms: { title: 'p50', unit: 'ms', digits: 2 },
    p99Ms: { title: 'p99', unit: 'ms', digits: 1 },
  },
  goals: [
    { metric: 'cpuMicros', against: 'socket.io', atMost: 0.85, aim: 0.75 },
    { metric: 'p50Ms', against: 'ws', atMost: 1 },
  ],
  async scenario(target, size) {
    const members = ROOMS[size] * MEMBERS_PER_ROOM;
    const crowd = await gather(target, { members, roomsOf: (index) => [`bench:r${index % ROOMS[size]}`] });
    crowd.meter.sampleEvery = 4;
    const speaker = SPEAKERS[target.server];
    const publish = (durationMs: number, intervalMs: number): Promise<void> => {
      const messages = Math.round((members * durationMs) / intervalMs);
      const arrived = crowd.meter.expect(messages * MEMBERS_PER_ROOM);
      const startedAt = performance.now();
      let sent = 0;
      const pace = (): void => {
        const due = Math.min(messages, Math.floor(((performance.now() - startedAt) * members) / intervalMs));
        for (; sent < due; sent++) {
          const client = crowd.clients[(sent * 7) % members];
          client?.send(speaker.publish(client.identity.rooms[0] ?? '', messageData(64), nextId()));
        }
        if (sent < messages) setTimeout(pace, 1);
      };
      pace();
      return arrived;
    };
    await publish(WARM_UP_MS[size], WARM_UP_INTERVAL_MS);
    return {
      round: () =>
        observed(target, crowd.meter, Math.round((members * DURATION_MS[size]) / INTERVAL_MS), () =>
          publish(DURATION_MS[size], INTERVAL_MS),
        ),
      close: async () => crowd.close(),
    };
  },
});
