import { createId } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { startTopology } from '../topology.js';
import { ask, openRaw, type Scenario } from './scenario.js';

const ROOM = 'verify:refused-before';

/** A publish is refused while Redis is away; when it is back a later one must not be taken before it. */
export const refusedBefore: Scenario = {
  name: 'later publish after a refused one',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    await using client = await openRaw(topology, 'ann');
    const status = (wanted: string) =>
      eventually(async () => (await ask(topology, '/readyz')).status === wanted, { timeoutMs: 15_000, everyMs: 100 });
    await client.join(ROOM);
    await topology.redis.kill();
    await status('degraded');
    const earlier = createId();
    const refused = await outcome(client.publish(ROOM, 'probe', { n: 1 }, earlier));
    if (refused !== 'unavailable') throw new Error(`Without Redis the publish was answered ${refused}.`);
    await topology.redis.start();
    await status('ok');
    const later = await outcome(client.publish(ROOM, 'probe', { n: 2 }));
    return later === 'out_of_order' ? null : `a later publish was answered ${later}`;
  },
};

function outcome(published: Promise<unknown>): Promise<string> {
  return published.then(
    () => 'ack',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}
