import { startTopology } from '../topology.js';
import { openRaw, type Scenario } from './scenario.js';

const ROOM = 'lobby:living-member';
const LEASE_MS = 5_000;
/** A lease that was never renewed has ended by now, and a sweep, each 3 s, has told it. */
const PATIENCE_MS = LEASE_MS + 4_500;

/** A member who stays must not be told gone by another node. */
export const livingMember: Scenario = {
  name: 'member who stays, seen from another node',
  async run({ imports, env }) {
    await using topology = await startTopology({
      nodes: 2,
      env: { ...env, PRESENCE_LEASE_MS: String(LEASE_MS) },
      ...(imports ? { imports } : {}),
    });
    await using watcher = await openRaw(topology, 'watcher', 1);
    await using member = await openRaw(topology, 'ann', 0);
    await watcher.join(ROOM);
    await member.join(ROOM);
    const told = watcher.nextWhere(
      (frame) =>
        frame.type === 'presence' && 'member' in frame && frame.member.userId === 'ann' && frame.change === 'leave',
      'a leave',
      PATIENCE_MS,
    );
    return await told.then(
      () => 'told gone while connected',
      (error: unknown) => {
        if (watcher.socket.readyState !== watcher.socket.OPEN) throw error;
        return null;
      },
    );
  },
};
