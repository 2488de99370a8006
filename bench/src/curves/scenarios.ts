import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import type { Target } from '../load/target.js';
import { residentBytes } from '../measure/process-usage.js';
import type { Trial } from '../workloads/workload.js';

/** So many deliveries a round make a steady figure. */
const DELIVERIES = 40_000;
const ROOMS_PER_CONNECTION = 100;
const CONNECTIONS = 1_000;

async function fanOutOf(target: Target, { members, bytes }: { members: number; bytes: number }): Promise<Trial> {
  const crowd = await gather(target, { members, roomsOf: () => ['bench:all'] });
  const messages = Math.max(5, Math.round(DELIVERIES / members));
  const publish = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      const arrived = crowd.meter.expect(members);
      crowd.clients[0]?.send(SPEAKERS[target.server].publish('bench:all', messageData(bytes), nextId()));
      await arrived;
    }
  };
  await publish(Math.ceil(messages / 2));
  return {
    round: () => observed(target, crowd.meter, messages * members, () => publish(messages)),
    close: async () => crowd.close(),
  };
}

/** Every room has one member; more rooms than connections: each joins several. */
async function roomsOf(target: Target, rooms: number): Promise<Trial> {
  const each = Math.min(ROOMS_PER_CONNECTION, Math.ceil(rooms / CONNECTIONS));
  const members = Math.ceil(rooms / each);
  const crowd = await gather(target, {
    members,
    roomsOf: (index) => Array.from({ length: each }, (_, offset) => `bench:r${index * each + offset}`),
  });
  const messages = Math.max(1, Math.round(20_000 / members));
  const publish = (): Promise<void> => {
    const arrived = crowd.meter.expect(members * messages);
    for (const client of crowd.clients) {
      const last = client.deliveries + messages;
      const send = (): void => {
        const room = client.identity.rooms[client.deliveries % each] ?? '';
        client.send(SPEAKERS[target.server].publish(room, messageData(64), nextId()));
      };
      client.onDelivery = () => {
        if (client.deliveries < last) send();
      };
      send();
    }
    return arrived;
  };
  await publish();
  return {
    round: () => observed(target, crowd.meter, members * messages, publish),
    close: async () => crowd.close(),
  };
}

async function idleOf(target: Target, connections: number): Promise<Trial> {
  const before = residentBytes(target.pid);
  const crowd = await gather(target, { members: connections, roomsOf: (index) => [`bench:r${index % 1_000}`] });
  return {
    round: async () => ({ bytesEach: (residentBytes(target.pid) - before) / connections }),
    close: async () => crowd.close(),
  };
}

/** What a load thread runs for a point of a curve. */
export const CURVE_SCENARIOS = {
  members: (target: Target, members: number) => fanOutOf(target, { members, bytes: 64 }),
  payload: (target: Target, bytes: number) => fanOutOf(target, { members: 100, bytes }),
  rooms: roomsOf,
  connections: idleOf,
} as const satisfies Record<string, (target: Target, point: number) => Promise<Trial>>;
