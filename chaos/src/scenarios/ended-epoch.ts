import { startTopology } from '../topology.js';
import { keysOf, openRaw, type Scenario } from './scenario.js';

const ROOM = 'verify:ended-epoch';

/** While a member is away the log's life ends and another begins with the same entries: it must be told. */
export const endedEpoch: Scenario = {
  name: 'epoch ended while away',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    const before = await openRaw(topology, 'ann');
    await before.join(ROOM);
    const { eventId, epoch = '' } = await before.publish(ROOM, 'probe', { n: 1 });
    await before.close();
    await topology.redis.command('HSET', keysOf(ROOM).meta, 'epoch', 'another-life');
    await using after = await openRaw(topology, 'ann');
    const { recovered } = await after.join(ROOM, { position: { epoch, offset: 1, lastId: eventId } });
    return recovered ? 'recovered: true across two epochs' : null;
  },
};
