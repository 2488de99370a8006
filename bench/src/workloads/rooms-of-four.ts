import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS } from '../load/speaker.js';
import { loadWorkload } from './load-workload.js';
import { type Size, WITH_LEAST } from './workload.js';

const MEMBERS_PER_ROOM = 4;
const ROOMS: Readonly<Record<Size, number>> = { smoke: 25, short: 500, full: 500 };
const MESSAGES_EACH: Readonly<Record<Size, number>> = { smoke: 2, short: 20, full: 30 };
const WARM_UP_EACH: Readonly<Record<Size, number>> = { smoke: 1, short: 30, full: 40 };

/** Every member publishes its next message when the room's last four have reached it: the server is never idle. */
export const roomsOfFour = loadWorkload({
  name: 'rooms-of-four',
  title: '500 rooms of 4, every member publishing, saturated',
  contenders: WITH_LEAST,
  metrics: {
    cpuMicros: { title: 'CPU per inbound message', unit: 'µs', digits: 1 },
    p50Ms: { title: 'p50', unit: 'ms', digits: 0 },
  },
  goals: [
    { metric: 'cpuMicros', against: 'socket.io', atMost: 0.42, aim: 0.3 },
    { metric: 'cpuMicros', against: 'ws', atMost: 0.5, aim: 0.38 },
  ],
  async scenario(target, size) {
    const members = ROOMS[size] * MEMBERS_PER_ROOM;
    const crowd = await gather(target, { members, roomsOf: (index) => [`bench:r${index % ROOMS[size]}`] });
    const speaker = SPEAKERS[target.server];
    const publish = (each: number): Promise<void> => {
      const arrived = crowd.meter.expect(members * each * MEMBERS_PER_ROOM);
      for (const client of crowd.clients) {
        const [room = ''] = client.identity.rooms;
        const last = client.deliveries + each * MEMBERS_PER_ROOM;
        const send = (): void => client.send(speaker.publish(room, messageData(64), nextId()));
        client.onDelivery = () => {
          if (client.deliveries % MEMBERS_PER_ROOM === 0 && client.deliveries < last) send();
        };
        send();
      }
      return arrived;
    };
    await publish(WARM_UP_EACH[size]);
    return {
      round: () => observed(target, crowd.meter, members * MESSAGES_EACH[size], () => publish(MESSAGES_EACH[size])),
      close: async () => crowd.close(),
    };
  },
});
