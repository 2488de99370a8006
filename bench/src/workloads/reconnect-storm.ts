import { gather, tokenOf } from '../load/crowd.js';
import { LoadClient } from '../load/load-client.js';
import { messageData, nextId } from '../load/message-data.js';
import { Meter } from '../load/meter.js';
import { observed } from '../load/observed.js';
import { type Identity, SPEAKERS } from '../load/speaker.js';
import { loadWorkload } from './load-workload.js';
import type { Size } from './workload.js';

const ROOM_SIZE = 50;
const CONNECTIONS: Readonly<Record<Size, number>> = { smoke: 100, short: 2_500, full: 5_000 };

/**
 * All connections are cut and come back at once. Ours verify HS256, resume their session and get the event they missed;
 * the others only connect and join.
 */
export const reconnectStorm = loadWorkload({
  name: 'reconnect-storm',
  title: '5 000 reconnect at once, with HS256 and resume',
  metrics: {
    cpuMicros: { title: 'CPU per reconnect', unit: 'µs', digits: 0 },
    seconds: { title: 'all back after', unit: 's', digits: 2 },
  },
  goals: [{ metric: 'cpuMicros', against: 'socket.io', atMost: 1, aim: 0.65 }],
  contenders: ['trunkline', 'ws', 'socket.io'],
  async scenario(target, size) {
    const count = CONNECTIONS[size];
    const speaker = SPEAKERS[target.server];
    const ours = target.server === 'trunkline';
    const rooms = Array.from({ length: Math.ceil(count / ROOM_SIZE) }, (_, index) => `bench:r${index}`);
    const keeper = await gather(target, { members: rooms.length, roomsOf: (index) => [rooms[index] ?? ''] });
    const tokens = await Promise.all(
      Array.from({ length: count }, (_, index) => (ours ? tokenOf(`storm${index}`) : '')),
    );
    const positions: (unknown | undefined)[] = [];
    const sessions: (string | undefined)[] = [];
    let recovered = 0;

    const remember = (index: number, text: string): void => {
      const frame = JSON.parse(text);
      if (frame.type === 'welcome') sessions[index] = frame.session;
      if (frame.type === 'event') positions[index] = { epoch: frame.epoch, offset: frame.offset, lastId: frame.id };
      if (frame.type !== 'joined') return;
      positions[index] ??= frame.position;
      if (frame.recovered) recovered += 1;
    };
    const connectAll = async (meter: Meter): Promise<LoadClient[]> => {
      const clients = tokens.map((token, index) => {
        const session = sessions[index];
        const position = positions[index];
        const identity: Identity = {
          userId: `storm${index}`,
          token,
          rooms: [rooms[index % rooms.length] ?? ''],
          ...(session === undefined ? {} : { session }),
          ...(position === undefined ? {} : { positions: [position] }),
        };
        const onText = ours ? (text: string) => remember(index, text) : undefined;
        return new LoadClient({ port: target.port, speaker, identity, meter, onText });
      });
      await Promise.all(clients.map(({ ready }) => ready));
      return clients;
    };
    /** One event in every room, so that everybody misses one. */
    const publishToAll = async (): Promise<void> => {
      const arrived = keeper.meter.expect(rooms.length);
      for (const client of keeper.clients)
        client.send(speaker.publish(client.identity.rooms[0] ?? '', messageData(64), nextId()));
      await arrived;
    };

    let clients = await connectAll(new Meter());
    return {
      async round() {
        for (const client of clients) client.cut();
        await new Promise((resolve) => setTimeout(resolve, 500));
        await publishToAll();
        const meter = new Meter();
        recovered = 0;
        const sample = await observed(target, meter, count, async () => {
          const caughtUp = ours ? meter.expect(count) : Promise.resolve();
          clients = await connectAll(meter);
          await caughtUp;
        });
        if (ours && recovered !== count) throw new Error(`Only ${recovered} of ${count} resumed.`);
        return sample;
      },
      async close() {
        keeper.close();
        for (const client of clients) client.cut();
      },
    };
  },
});
