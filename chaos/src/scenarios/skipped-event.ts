import { randomUUID } from 'node:crypto';
import { startTopology } from '../topology.js';
import { openRaw, type Scenario, writeUnheard } from './scenario.js';

const ROOM = 'verify:skipped-event';

/** The bus loses an event and carries the next: a member without the SDK, which notices holes itself, must get both in order. */
export const skippedEvent: Scenario = {
  name: 'event lost by the bus before another',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    await using member = await openRaw(topology, 'ann');
    await member.join(ROOM);
    const { eventId } = await member.publish(ROOM, 'probe', { n: 1 });
    await writeUnheard(topology, ROOM, { offset: 2, like: eventId, id: randomUUID() });
    await member.publish(ROOM, 'probe', { n: 3 });
    await member.nextWhere((frame) => frame.type === 'event' && frame.offset === 3, 'the third event');
    const offsets = member.seen.flatMap((frame) => (frame.type === 'event' ? [frame.offset] : []));
    return offsets.join() === '1,2,3' ? null : `got offsets ${offsets.join()}`;
  },
};
