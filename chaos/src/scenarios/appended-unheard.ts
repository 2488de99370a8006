import { randomUUID } from 'node:crypto';
import { startTopology } from '../topology.js';
import { openRaw, type Scenario, writeUnheard } from './scenario.js';

const ROOM = 'verify:appended-unheard';
/** Twice the 5 s after which a quiet room is compared with its log. */
const PATIENCE_MS = 10_000;

/** The bus loses the last event of a room that then stays quiet: the member must get it all the same. */
export const appendedUnheard: Scenario = {
  name: 'event lost by the bus in a quiet room',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    await using member = await openRaw(topology, 'ann');
    await member.join(ROOM);
    const { eventId } = await member.publish(ROOM, 'probe', { n: 1 });
    const id = randomUUID();
    await writeUnheard(topology, ROOM, { offset: 2, like: eventId, id });
    const heard = member.nextWhere((frame) => frame.type === 'event' && frame.id === id, 'the event', PATIENCE_MS);
    return await heard.then(
      () => null,
      (error: unknown) => {
        if (member.socket.readyState !== member.socket.OPEN) throw error;
        return `not delivered within ${PATIENCE_MS / 1_000} s`;
      },
    );
  },
};
