import { once } from 'node:events';
import { createFrameQueue, eventually } from '@trunkline/testkit';
import { WebSocket } from 'ws';
import { startTopology, type Topology } from '../topology.js';
import { ask, type Scenario } from './scenario.js';

const ROOM = 'booking:42';

/** A status published while Redis is away is shown at once, and must not be shown again when the log has it. */
export const shownTwice: Scenario = {
  name: 'status published while Redis is away',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    const status = (wanted: string) =>
      eventually(async () => (await ask(topology, '/readyz')).status === wanted, { timeoutMs: 15_000, everyMs: 100 });
    const publish = (id: string) =>
      ask(topology, `/v1/rooms/${encodeURIComponent(ROOM)}/events`, {
        type: 'status_update',
        data: { bookingId: '42', status: id },
        id,
      });
    const { socket, shown } = await openBooking(topology);
    try {
      await topology.redis.kill();
      await status('degraded');
      await publish('waits');
      await topology.redis.start();
      await status('ok');
      // By the time this one comes, the log has the first and the member was told what it was to be told.
      await publish('after');
      await shown.take((update) => update.status === 'after', 'the second status', 10_000);
      const times = shown.seen.filter((update) => update.status === 'waits').length;
      if (times === 0) throw new Error('The status was not shown while Redis was away.');
      return times === 1 ? null : `shown ${times} times`;
    } finally {
      socket.terminate();
    }
  },
};

interface Shown {
  readonly type: string;
  readonly status?: string;
}

/** A client of the booking document, which knows no event ids. */
async function openBooking(topology: Topology) {
  const [port] = topology.nodes.map(({ clients }) => clients.port);
  const token = await topology.token('ann');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['booking', `trunkline.bearer.${token}`]);
  const shown = createFrameQueue<Shown>();
  socket.on('message', (data) => shown.push(JSON.parse(String(data)) as Shown));
  await once(socket, 'open');
  await shown.take(({ type }) => type === 'connected', 'connected');
  socket.send(JSON.stringify({ type: 'join', room: ROOM }));
  await shown.take(({ type }) => type === 'joined_room', 'joined_room');
  return { socket, shown };
}
