import { randomUUID } from 'node:crypto';
import { startTopology } from '../topology.js';
import { keysOf, openRaw, type Scenario, writeUnheard } from './scenario.js';

const ROOM = 'verify:rewritten-log';

/** While a member is away another event takes the offset of its last one, as after a failover: it must be told. */
export const rewrittenLog: Scenario = {
  name: 'last event replaced while away',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    const { log } = keysOf(ROOM);
    const before = await openRaw(topology, 'ann');
    await before.join(ROOM);
    const first = await before.publish(ROOM, 'probe', { n: 1 });
    const { eventId, epoch = '' } = await before.publish(ROOM, 'probe', { n: 2 });
    await before.close();
    await topology.redis.command('XDEL', log, '2-0');
    await topology.redis.command('XSETID', log, '1-0');
    await writeUnheard(topology, ROOM, { offset: 2, like: first.eventId, id: randomUUID() });
    await using after = await openRaw(topology, 'ann');
    const { recovered } = await after.join(ROOM, { position: { epoch, offset: 2, lastId: eventId } });
    return recovered ? 'recovered: true although another event stands there' : null;
  },
};
