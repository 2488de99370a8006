import { gather } from '../load/crowd.js';
import { startLoad } from '../load/load-thread.js';
import { messageData, nextId } from '../load/message-data.js';
import { observed } from '../load/observed.js';
import { SPEAKERS, type Speaker } from '../load/speaker.js';
import { startServer } from '../measure/server-process.js';
import { OTHER_FORMATS } from '../servers/format-paths.js';
import type { LoadWorkload } from './load-workload.js';
import type { Scenario, Size } from './workload.js';

const ROOM = 'bench:all';
const MESSAGES: Readonly<Record<Size, number>> = { smoke: 5, short: 80, full: 200 };
const MEMBERS: Readonly<Record<Size, number>> = { smoke: 100, short: 1_000, full: 1_000 };
const { subprotocol: _, ...withoutSubprotocol } = SPEAKERS.trunkline;
const FORMATS: readonly Speaker[] = [
  SPEAKERS.trunkline,
  ...OTHER_FORMATS.map((path): Speaker => ({ ...withoutSubprotocol, path: () => path })),
];

function fanOutIn(formats: readonly Speaker[]): Scenario {
  return async (target, size) => {
    const crowd = await gather(target, {
      members: MEMBERS[size],
      roomsOf: () => [ROOM],
      speakerOf: (index) => formats[index % formats.length] ?? SPEAKERS.trunkline,
    });
    const publish = async (messages: number): Promise<void> => {
      for (let sent = 0; sent < messages; sent++) {
        const arrived = crowd.meter.expect(crowd.clients.length);
        crowd.clients[0]?.send(SPEAKERS.trunkline.publish(ROOM, messageData(64), nextId()));
        await arrived;
      }
    };
    await publish(Math.ceil(MESSAGES[size] / 4));
    return {
      round: () => observed(target, crowd.meter, MESSAGES[size] * crowd.clients.length, () => publish(MESSAGES[size])),
      close: async () => crowd.close(),
    };
  };
}

/** The same fan-out where every member speaks the canonical format. */
export const oneFormat = { name: 'one format', scenario: fanOutIn(FORMATS.slice(0, 1)) } as const;

/** A thousand members in five formats: an event is worded once a format, however many members there are. */
export const dialects: LoadWorkload = {
  name: 'dialects',
  title: 'Publish to 1 000 members in 5 formats',
  metrics: { cpuMicros: { title: 'CPU per delivery', unit: 'µs', digits: 2 } },
  goals: [{ metric: 'cpuMicros', against: oneFormat.name, atMost: 1.25, aim: 1.1 }],
  contenders: ['trunkline', oneFormat.name],
  scenario: fanOutIn(FORMATS),
  async open(contender, size) {
    const server = await startServer('trunkline');
    const { port, pid } = server;
    const scenario = contender === oneFormat.name ? oneFormat.name : 'dialects';
    const load = await startLoad({ scenario, target: { server: 'trunkline', port, pid }, size });
    return {
      round: () => load.round(),
      async close() {
        await load.close();
        await server.close();
      },
    };
  },
};
