import { gather } from '../load/crowd.js';
import type { LoadClient } from '../load/load-client.js';
import { messageData, nextId } from '../load/message-data.js';
import { nowMicros } from '../load/meter.js';
import { inTime, observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import { quantile } from '../measure/statistics.js';
import { loadWorkload } from './load-workload.js';
import type { Size } from './workload.js';

const CLIENTS = 64;
const WINDOW = 8;
const PUBLISHES_EACH: Readonly<Record<Size, number>> = { smoke: 4, short: 200, full: 800 };

const GOAL_PER_SECOND = 15_000;

/** Every client publishes to a room of its own with eight acks outstanding; then all together at half the goal's rate. */
export const durablePublish = loadWorkload({
  name: 'durable-publish',
  title: 'Durable publish through Redis, one node',
  metrics: {
    acksPerSecond: { title: 'acks/s', unit: '', digits: 0 },
    cpuMicros: { title: 'CPU per publish', unit: 'µs', digits: 1 },
    halfLoadP99Ms: { title: 'p99 of an ack at 7 500/s', unit: 'ms', digits: 1 },
  },
  goals: [
    { metric: 'acksPerSecond', atLeast: GOAL_PER_SECOND, aim: 30_000 },
    { metric: 'halfLoadP99Ms', atMost: 10 },
  ],
  contenders: ['trunkline'],
  nodes: 1,
  async scenario(target, size) {
    const crowd = await gather(target, { members: CLIENTS, roomsOf: (index) => [`bench:r${index}`] });
    const speaker = SPEAKERS[target.server];
    const send = (client: LoadClient): void =>
      client.send(speaker.publish(client.identity.rooms[0] ?? '', messageData(64), nextId()));

    const saturate = (client: LoadClient, times: number): Promise<void> =>
      new Promise((resolve) => {
        let sent = 0;
        let acked = 0;
        const sendOne = (): void => {
          if (sent >= times) return;
          sent += 1;
          send(client);
        };
        client.onReply = () => {
          acked += 1;
          if (acked === times) resolve();
          else sendOne();
        };
        for (let index = 0; index < WINDOW; index++) sendOne();
      });

    /** Acks of one client come in the order of its publishes. */
    const pace = async (perSecond: number, count: number): Promise<number[]> => {
      const latenciesMs: number[] = [];
      await new Promise<void>((resolve) => {
        const sentAt = crowd.clients.map((): number[] => []);
        for (const [index, client] of crowd.clients.entries()) {
          client.onReply = () => {
            latenciesMs.push((nowMicros() - (sentAt[index]?.shift() ?? 0)) / 1_000);
            if (latenciesMs.length === count) resolve();
          };
        }
        const startedAt = nowMicros();
        let sent = 0;
        const tick = (): void => {
          const due = Math.min(count, Math.floor(((nowMicros() - startedAt) * perSecond) / 1e6));
          for (; sent < due; sent++) {
            const client = crowd.clients[sent % CLIENTS];
            sentAt[sent % CLIENTS]?.push(nowMicros());
            if (client) send(client);
          }
          if (sent < count) setTimeout(tick, 1);
        };
        tick();
      });
      return latenciesMs.sort((a, b) => a - b);
    };

    const all = (times: number): Promise<unknown> =>
      Promise.all(crowd.clients.map((client) => saturate(client, times)));
    await inTime(all(Math.ceil(PUBLISHES_EACH[size] / 2)), crowd.meter);
    return {
      async round() {
        const count = CLIENTS * PUBLISHES_EACH[size];
        const sample = await observed(target, crowd.meter, count, () => all(PUBLISHES_EACH[size]));
        const acksPerSecond = count / (sample.seconds ?? 1);
        const latencies = await inTime(pace(GOAL_PER_SECOND / 2, count), crowd.meter);
        return {
          ...sample,
          acksPerSecond,
          halfLoadP50Ms: quantile(latencies, 0.5),
          halfLoadP99Ms: quantile(latencies, 0.99),
        };
      },
      close: async () => crowd.close(),
    };
  },
});
