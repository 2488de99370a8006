import { setTimeout as delay } from 'node:timers/promises';
import { startTopology } from '../topology.js';
import { ask, openRaw, type Scenario } from './scenario.js';

const ROOM = 'verify:slow-reader';
const EVENTS = 200;
const EVENT_CHARS = 65_536;
/** The socket of a closed connection ends within 2 s. */
const PATIENCE_MS = 5_000;

/** A member that stops reading is closed, and its socket with its backlog must go, whether it reads or not. */
export const slowReader: Scenario = {
  name: 'member that stops reading',
  async run(build) {
    await using topology = await startTopology({ nodes: 1, ...build });
    await using reader = await openRaw(topology, 'reader');
    await using writer = await openRaw(topology, 'writer');
    await reader.join(ROOM);
    reader.socket.pause();
    const text = 'x'.repeat(EVENT_CHARS);
    for (let n = 0; n < EVENTS; n++) await writer.publish(ROOM, 'probe', { n, text });
    const deadline = Date.now() + PATIENCE_MS;
    while (Number((await ask(topology, '/websocket/connections')).total) > 1) {
      if (Date.now() > deadline) return `its socket was still open after ${PATIENCE_MS / 1_000} s`;
      await delay(100);
    }
    return null;
  },
};
